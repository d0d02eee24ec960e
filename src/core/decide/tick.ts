import type { CommandResult } from '../command.ts'
import type { Micros } from '../job.ts'
import type { Scribe } from '../scribe.ts'
import type { Tree } from '../tree.ts'
import { afterEnd, timeOut } from './end.ts'

/** Timers that one tick carries out at most; the next follows at once. Keeps an append short. */
const MOST_PER_TICK = 1_000

/** Records what became true by the passing of time: waiting and attempts that took too long, due jobs, pauses that end. */
export function tick(scribe: Scribe): CommandResult {
  const { draft, now } = scribe
  for (const { jobId } of elapsed(draft.expiring, now)) scribe.record({ type: 'expired', jobId })
  for (const key of elapsed(draft.deadlines, now)) {
    const job = draft.jobs.get(key)
    if (job !== undefined) timeOut(scribe, job)
  }
  for (const { model } of elapsed(draft.lifts, now)) {
    scribe.record({ type: 'model_resumed', model, workerId: scribe.command.workerId })
  }
  for (const { jobId } of elapsed(draft.undue, now)) scribe.record({ type: 'due', jobId })
  draft.wide = true
  const result = afterEnd(scribe)
  scribe.announce()
  return result
}

function elapsed<T extends { readonly at: Micros }>(timers: Tree<T>, now: Micros): T[] {
  const found: T[] = []
  for (const timer of timers) {
    if (timer.at > now || found.length === MOST_PER_TICK) break
    found.push(timer)
  }
  return found
}
