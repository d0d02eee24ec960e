import type { Job } from '../../state/job.ts'
import { eventTypes, type RecordedEvent } from '../../values/event.ts'
import type { Ending, JobState, QueueState } from './state.ts'

/** Where an event leads; a list if that depends on whether no, one or more jobs are active. Null or missing: refused. */
export type QueueTarget = QueueState | readonly (QueueState | null)[]

export type QueueLaw = Readonly<Record<QueueState, Readonly<Partial<Record<Variant, QueueTarget>>>>>

export type JobTarget = JobState | Ending

export type JobLaw = Readonly<Record<JobState | 'not_live', Readonly<Partial<Record<Variant, JobTarget>>>>>

/** An event of the log that is about one job. */
export type JobEvent = Extract<RecordedEvent, { readonly jobId: string }>

/**
 * Everything that guards of the machines may ask of an event: its type, whether it wants to start later, whether it names the
 * running attempt, and whether another attempt follows.
 */
export const variants = [
  ...eventTypes,
  'queued for later',
  'debounced for later',
  'queued after others',
  'completed stale',
  'failed final',
  'failed final without attempt',
  'failed stale',
  'failed final stale',
  'cancelled stale',
  'cancelled without attempt',
  'lease_expired final',
  'lease_expired stale',
  'lease_expired final stale',
  'detached stale',
  'model_released stale',
  'requeued for later',
  'released for later',
] as const
export type Variant = (typeof variants)[number]

/** @param token of the attempt that runs; any number that no attempt has while none does */
export function variantOf(event: RecordedEvent, token: Job['token']): Variant {
  switch (event.type) {
    case 'queued':
      if (event.spec.after !== undefined) return 'queued after others'
      return isLater(event.spec.runAt, event.at) ? 'queued for later' : 'queued'
    case 'debounced':
      return isLater(event.runAt, event.at) ? 'debounced for later' : 'debounced'
    case 'requeued':
      return isLater(event.runAt, event.at) ? 'requeued for later' : 'requeued'
    case 'released':
      return isLater(event.runAt, event.at) ? 'released for later' : 'released'
    case 'completed':
      return event.token === token ? 'completed' : 'completed stale'
    case 'detached':
      return event.token === token ? 'detached' : 'detached stale'
    case 'model_released':
      return event.token === token ? 'model_released' : 'model_released stale'
    case 'cancelled':
      if (event.token === null) return 'cancelled without attempt'
      return event.token === token ? 'cancelled' : 'cancelled stale'
    case 'failed':
      if (event.token === null) return 'failed final without attempt'
      if (event.token === token) return event.final ? 'failed final' : 'failed'
      return event.final ? 'failed final stale' : 'failed stale'
    case 'lease_expired':
      if (event.token === token) return event.final ? 'lease_expired final' : 'lease_expired'
      return event.final ? 'lease_expired final stale' : 'lease_expired stale'
    default:
      return event.type
  }
}

const isLater = (runAt: number | null, at: number): boolean => runAt !== null && runAt > at
