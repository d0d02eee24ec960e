import type { CommandResult } from '../command.ts'
import { grant } from '../grant.ts'
import type { JobKey, Timer } from '../place.ts'
import type { Scribe } from '../scribe.ts'
import type { Tree } from '../tree.ts'
import { accepted } from './result.ts'

/** Timers that one tick carries out at most; the next follows at once. Keeps an append short. */
const MOST_PER_TICK = 1_000

/** Records what became true by the passing of time: expired jobs, due jobs, and offers that ran out. */
export function tick(scribe: Scribe): CommandResult {
  for (const { jobId } of elapsed(scribe.draft.expiring, scribe.now))
    scribe.record({ type: 'expired', jobId })
  for (const { jobId } of elapsed(scribe.draft.undue, scribe.now)) scribe.record({ type: 'due', jobId })
  scribe.draft.wide = true
  grant(scribe)
  return accepted(scribe)
}

function elapsed(timers: Tree<Timer>, now: number): JobKey[] {
  const found: JobKey[] = []
  for (const timer of timers) {
    if (timer.at > now || found.length === MOST_PER_TICK) break
    found.push(timer)
  }
  return found
}
