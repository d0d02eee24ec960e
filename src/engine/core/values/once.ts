import type { RecordedEvent } from './event.ts'
import { FOR_EVER, type JobSpec, MICROS_PER_MS, type Micros } from './job.ts'

/** What is remembered of a job that was enqueued `once`, whatever became of it and of its events. */
export interface OnceRecord extends Pick<JobSpec, 'jobId' | 'hasData' | 'payloadHash'> {
  /** The number of its `queued` or `deduplicated` event. */
  readonly seq: number
  /** Until then its id is taken; null: for ever. */
  readonly until: Micros | null
  /** The hash of its spec: `bodyOf` (same-job.ts). */
  readonly body: number
  /** The job that stood for it: it never came into line. */
  readonly standsFor?: string
}

/** The record of a `queued` or `deduplicated` event; undefined: its id is free again when the job has ended, or at once. */
export function onceRecordOf(event: RecordedEvent): OnceRecord | undefined {
  if (event.type !== 'queued' && event.type !== 'deduplicated') return undefined
  const { once, hasData, payloadHash } = event.type === 'queued' ? event.spec : event
  if (once === undefined) return undefined
  const { jobId, seq, at, body = 0 } = event
  return {
    jobId,
    seq,
    body,
    until: once === FOR_EVER ? null : at + once * MICROS_PER_MS,
    ...(hasData === undefined ? {} : { hasData }),
    ...(payloadHash === undefined ? {} : { payloadHash }),
    ...(event.type === 'queued' ? {} : { standsFor: event.standsFor }),
  }
}

/** Whether the id is still taken at that time. */
export const holdsAt = ({ until }: OnceRecord, at: Micros): boolean => until === null || until > at
