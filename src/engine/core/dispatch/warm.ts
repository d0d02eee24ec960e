/**
 * Which job a claim takes whose process keeps models loaded (docs/inside/decisions/turns.md): of those that it could take, the one that
 * spares most loading. It may pass those ahead as often, and for as long, as the policy says.
 */
import { batchSizeOf } from '../line/batch.ts'
import { candidatesInLine } from '../line/warmth/candidates.ts'
import { choose } from '../line/warmth/choose.ts'
import { settle } from '../needs/blocking.ts'
import { runsKind } from '../state/kinds.ts'
import { keeperIn } from '../state/serving.ts'
import type { Claim } from '../values/command.ts'
import { isWarm } from '../values/policy.ts'
import type { Scribe } from './scribe.ts'
import { MOST_TAKEN, startBatch } from './starting.ts'

/** The sender of the claim takes what spares it loading, if it keeps models. What is left of the claim goes by the line. @returns how many */
export function takeWarm(scribe: Scribe, claim: Claim, most: number): number {
  const { draft, command, surroundings } = scribe
  const { workerId } = command
  // Where keys take turns these say whose job it is (turn.ts). What was offered by this command is not known from the log yet.
  const { fair, policy } = draft
  if (fair !== null || !isWarm(policy) || scribe.offersMade > 0 || surroundings.deadWorkers.has(workerId))
    return 0
  settle(draft)
  const { heldBack } = surroundings
  const runs = (kind: string) => runsKind(claim, kind)
  let taken = 0
  for (; taken < most && !scribe.isFull; taken++) {
    const keeper = keeperIn(draft.keepers, workerId)
    const view = { worker: workerId, runs, at: scribe.nextAt }
    const choice = keeper && choose(draft, candidatesInLine(draft, view), { ...view, keeper, heldBack })
    if (choice === undefined) break
    const { job, ...how } = choice
    const size = Math.min(batchSizeOf(claim, job.spec.kind), MOST_TAKEN - scribe.started)
    startBatch(scribe, job, workerId, size, how)
  }
  return taken
}
