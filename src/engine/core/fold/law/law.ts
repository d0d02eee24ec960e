import type { Job } from '../../state/job.ts'
import type { LedgerView } from '../../state/ledger.ts'
import { InterlockError } from '../../values/error.ts'
import { eventTypes, type RecordedEvent } from '../../values/event.ts'
import { corrupt } from '../evolve/lookup.ts'
import { type Ending, endings, jobStateOf, type QueueState, queueStateOf } from './state.ts'
import { jobLaw, queueLaw } from './table.ts'
import type { JobEvent, JobTarget, Variant } from './variant.ts'

/** As maps: objects find one of many names more slowly, and a replay takes some 3 % longer. */
function mapsOf<Target>(law: Readonly<Record<string, Readonly<Partial<Record<Variant, Target>>>>>) {
  const entries = Object.entries(law).map(
    ([state, targets]) => [state, new Map<string, Target>(Object.entries(targets))] as const,
  )
  return new Map<string, ReadonlyMap<string, Target>>(entries)
}

const queueTargets = mapsOf(queueLaw)
const jobTargets = mapsOf(jobLaw)

/**
 * The state that `coordinator.machine.ts` leads to with this event.
 * @throws InterlockError `corrupt_log` when its present state does not accept it
 */
export function nextQueueState(ledger: LedgerView, event: RecordedEvent, variant: Variant): QueueState {
  const state = queueStateOf(ledger)
  const target = queueTargets.get(state)?.get(variant)
  const next = typeof target === 'object' ? target[Math.min(ledger.active.size, 2)] : target
  if (next == null) throw refusal(event, state)
  return next
}

/**
 * The state or the end that `job.machine.ts` leads to with this event.
 * @param job undefined: it is not live
 * @throws InterlockError `corrupt_log` when its present state does not accept it
 */
export function nextJobState(job: Job | undefined, event: JobEvent, variant: Variant): JobTarget {
  const next = jobTargets.get(job === undefined ? 'not_live' : jobStateOf(job))?.get(variant)
  if (next === undefined) throw corrupt(event, whyNot(job, event))
  return next
}

/**
 * The fold must leave the queue and the job where the machines say they are.
 * @throws InterlockError `corrupt_log` when it does not: fold and machines contradict each other
 */
export function checkArrived(ledger: LedgerView, event: RecordedEvent, next: QueueState): void {
  const state = queueStateOf(ledger)
  if (state !== next)
    throw corrupt(event, `it leads the queue to ${next} by the machine, and to ${state} by the fold`)
}

export function checkStands(job: Job | undefined, event: JobEvent, next: JobTarget): void {
  const state = job === undefined ? 'its end' : jobStateOf(job)
  if (state === next || (job === undefined && isEnding(next))) return
  throw corrupt(event, `it leads job ${event.jobId} to ${next} by the machine, and to ${state} by the fold`)
}

function refusal(event: RecordedEvent, state: QueueState): InterlockError {
  if (eventTypes.includes(event.type))
    return corrupt(event, `the queue is ${state}, and does not accept it there`)
  const { seq, type } = event
  return new InterlockError(
    'unknown_event',
    `event ${seq} is of type ${type}, which this release does not know; use a newer release of interlock-queue`,
    { seq, type },
  )
}

const ended: ReadonlySet<JobTarget> = new Set(endings)

function isEnding(target: JobTarget): target is Ending {
  return ended.has(target)
}

function whyNot(job: Job | undefined, event: JobEvent): string {
  if (job === undefined) return `job ${event.jobId} is not live`
  const token = 'token' in event ? event.token : null
  if (job.active && token !== null && token !== job.token) {
    return `job ${job.jobId} runs under token ${job.token}, not ${token}`
  }
  return `job ${job.jobId} is ${jobStateOf(job)}, and does not accept it there`
}
