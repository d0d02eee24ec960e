import { type Job, PARENTS_END } from '../../state/job.ts'
import type { LedgerView } from '../../state/ledger.ts'
import { outcomes } from '../../values/job.ts'

/** The states of a queue, by their paths in `coordinator.machine.ts`. */
export const queueStates = ['idle', 'running', 'draining.emptying', 'draining.drained'] as const
export type QueueState = (typeof queueStates)[number]

/** The states of a live job, by their names in `job.machine.ts`. */
export const jobStates = [
  'for_parents',
  'not_due',
  'in_line',
  'returning',
  'running',
  'cancelling',
  'detached',
] as const
export type JobState = (typeof jobStates)[number]

/**
 * How a life ended, that the job ran outside the queue, or that another one stands for it. The ledger knows no more of a job that is not live, so to the law
 * these are one state.
 */
export const endings = [...outcomes, 'bypassed', 'deduplicated'] as const
export type Ending = (typeof endings)[number]

export function queueStateOf({ draining, drainedAt, active }: LedgerView): QueueState {
  if (draining) return drainedAt === null ? 'draining.emptying' : 'draining.drained'
  return active.size > 0 ? 'running' : 'idle'
}

/** The state of a queue as XState names it. */
export type QueueStateValue = 'idle' | 'running' | { readonly draining: 'emptying' | 'drained' }

export function queueStateValueOf(ledger: LedgerView): QueueStateValue {
  const state = queueStateOf(ledger)
  if (state === 'idle' || state === 'running') return state
  return { draining: state === 'draining.drained' ? 'drained' : 'emptying' }
}

export function jobStateOf({ active, dueAt, detachedUntil, cancelRequested }: Job): JobState {
  if (active) return detachedUntil !== null ? 'detached' : cancelRequested ? 'cancelling' : 'running'
  if (dueAt === null) return 'in_line'
  if (dueAt === PARENTS_END) return 'for_parents'
  return dueAt === Number.POSITIVE_INFINITY ? 'returning' : 'not_due'
}

/**
 * How a live job stands, in the words of `job.machine.ts`, and a little finer in line. `held`: a model that it needs is paused,
 * so it stands in no line. `offered`: it may start, and no worker has taken it yet. `returning` is never seen between two
 * appends.
 */
export type Standing = JobState | 'held' | 'offered'

/** The only place that derives it from the fields of a job. */
export function standingOf(job: Job): Standing {
  const state = jobStateOf(job)
  if (state !== 'in_line') return state
  if (job.held !== null) return 'held'
  return job.offeredAt === null ? 'in_line' : 'offered'
}

/** What `job_queue_state` shows: the state of the machine, without the states inside `draining`. */
export function statusOf(ledger: LedgerView): 'idle' | 'running' | 'draining' {
  const state = queueStateOf(ledger)
  return state === 'idle' || state === 'running' ? state : 'draining'
}
