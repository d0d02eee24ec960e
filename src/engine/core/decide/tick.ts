import type { Scribe } from '../dispatch/scribe.ts'
import type { Job } from '../state/job.ts'
import type { CommandResult } from '../values/command.ts'
import type { Micros } from '../values/job.ts'
import type { ModelTimer, Timer } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import { afterEnd, timeOut } from './end.ts'
import { accepted } from './result.ts'

/** The most timers that one tick carries out; the next tick follows at once. It keeps an append short. */
const MOST_PER_TICK = 1_000

/** Records what time alone has changed: waiting and attempts that took too long, due jobs, pauses that end. */
export function tick(scribe: Scribe): CommandResult {
  const { draft } = scribe
  for (const { jobId } of elapsedOf(scribe, 'expiring', (job) => job.waitingSince))
    scribe.record({ type: 'expired', jobId })
  for (const key of elapsedOf(scribe, 'deadlines', startOf)) {
    const job = draft.jobs.get(key)
    if (job !== undefined && !scribe.isEnding(job.jobId)) timeOut(scribe, job)
  }
  for (const { model } of elapsedLifts(scribe)) {
    scribe.record({ type: 'model_resumed', model, workerId: scribe.command.workerId })
  }
  for (const { jobId } of elapsedOf(scribe, 'undue', commandOf)) scribe.record({ type: 'due', jobId })
  draft.wide = true
  afterEnd(scribe)
  scribe.announce()
  return accepted(scribe)
}

/** A detached attempt ends from outside. */
const startOf = ({ detachedUntil, startedAt }: Job): Micros => (detachedUntil === null ? startedAt : 0)

/** The caller who enqueues a job names its first time; later times count from the end of an attempt. */
const commandOf = ({ attempt, waitingSince }: Job): Micros => (attempt === 0 ? 0 : waitingSince)

function elapsedOf(
  scribe: Scribe,
  key: 'expiring' | 'deadlines' | 'undue',
  began: (job: Job) => Micros,
): readonly Timer[] {
  return elapsed(scribe, scribe.draft[key], (timer) => {
    const job = scribe.draft.jobs.get(timer)
    return job === undefined ? 0 : began(job)
  })
}

function elapsedLifts(scribe: Scribe): readonly ModelTimer[] {
  return elapsed(scribe, scribe.draft.lifts, (timer) => scribe.draft.pauses.get(timer)?.since ?? 0)
}

function elapsed<T extends { readonly at: Micros }>(
  scribe: Scribe,
  timers: Tree<T>,
  began: (timer: T) => Micros,
): readonly T[] {
  const found: T[] = []
  for (const timer of timers) {
    if (timer.at > scribe.now || found.length === MOST_PER_TICK) break
    if (timer.at <= scribe.nowFor(began(timer))) found.push(timer)
  }
  return found
}
