import { FOR_EVER, type JobSpec, MICROS_PER_MS, type Micros } from './job.ts'

/** What is remembered of a job that was enqueued `once`, whatever became of it and of its events. */
export interface OnceRecord extends Pick<JobSpec, 'jobId' | 'hasData' | 'payloadHash'> {
  /** The number of its `queued` event. */
  readonly seq: number
  /** Until then its id is taken; null: for ever. */
  readonly until: Micros | null
  /** The hash of its spec: `bodyOf` (same-job.ts). */
  readonly body: number
}

/** The record of a `queued` event; undefined: its id is free again when the job has ended. */
export function onceRecordOf(
  { jobId, hasData, payloadHash, once }: JobSpec,
  { seq, at, body = 0 }: { readonly seq: number; readonly at: Micros; readonly body?: number },
): OnceRecord | undefined {
  if (once === undefined) return undefined
  const until = once === FOR_EVER ? null : at + once * MICROS_PER_MS
  const data = hasData === undefined ? {} : { hasData }
  return { jobId, seq, until, body, ...data, ...(payloadHash === undefined ? {} : { payloadHash }) }
}

/** Whether the id is still taken at that time. */
export const holdsAt = ({ until }: OnceRecord, at: Micros): boolean => until === null || until > at
