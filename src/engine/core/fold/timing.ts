import { nextUseEndAt } from '../needs/meter.ts'
import type { Draft } from '../state/draft.ts'
import { awaitsParents, type Job } from '../state/job.ts'
import { type Ledger, modelOf } from '../state/ledger.ts'
import type { OwnJob } from '../state/own-job.ts'
import { MICROS_PER_MS, type Micros, TIMEOUT_MARGIN_MS } from '../values/job.ts'
import type { Timer } from '../values/position.ts'

/** It must not start before that time: the job stands in no line until it is due. */
export function putOff(draft: Draft, job: OwnJob, dueAt: Micros): void {
  job.dueAt = dueAt
  draft.undue = draft.undue.insert(timerAt(dueAt, job), draft.owner)
}

export function becomeDue(draft: Draft, job: OwnJob): void {
  if (job.dueAt === null) return
  draft.undue = draft.undue.remove(timerAt(job.dueAt, job), draft.owner)
  job.dueAt = null
}

/** When waiting ends the job (queue expiry); null: never. */
export function expiresAt(job: Job): Micros | null {
  if (job.spec.expireMs === null || awaitsParents(job)) return null
  return job.waitingSince + job.spec.expireMs * MICROS_PER_MS
}

export function startExpiry(draft: Draft, job: Job): void {
  const at = expiresAt(job)
  if (at !== null) draft.expiring = draft.expiring.insert(timerAt(at, job), draft.owner)
}

export function stopExpiry(draft: Draft, job: Job): void {
  const at = expiresAt(job)
  if (at !== null) draft.expiring = draft.expiring.remove(timerAt(at, job), draft.owner)
}

/**
 * When the first process that notices ends the attempt of an active job. For a detached one at its deadline, without a margin.
 */
export function timesOutAt(job: Job): Micros {
  return job.detachedUntil ?? job.startedAt + (job.spec.timeoutMs + TIMEOUT_MARGIN_MS) * MICROS_PER_MS
}

export function startDeadline(draft: Draft, job: Job): void {
  draft.deadlines = draft.deadlines.insert(timerAt(timesOutAt(job), job), draft.owner)
}

export function stopDeadline(draft: Draft, job: Job): void {
  draft.deadlines = draft.deadlines.remove(timerAt(timesOutAt(job), job), draft.owner)
}

function timerAt(at: Micros, { hash, jobId }: Job): Timer {
  return { at, hash, jobId }
}

/**
 * When a tick has something to record: a job is due, its waiting runs out, its attempt times out, or a pause ends. At once, if jobs
 * that waited for others are still to be released.
 */
export function nextTickAt({
  undue,
  expiring,
  deadlines,
  lifts,
  settled,
  propagating,
  lastAt,
}: Ledger): Micros | undefined {
  if (settled.size + propagating.size > 0) return lastAt
  return earliest(undue.min()?.at, expiring.min()?.at, deadlines.min()?.at, lifts.min()?.at)
}

/**
 * When, after this time, jobs may start without an event: an offer runs out and others may pass it, or a rate allows another
 * start, or something used before counts no longer. The state does not record such times, so the caller remembers up to when it has looked.
 */
export function nextOpeningAt(ledger: Ledger, after: Micros): Micros | undefined {
  return earliest(nextLapseAt(ledger, after), nextWindowAt(ledger, after), nextUseEndAt(ledger, after))
}

function nextWindowAt(ledger: Ledger, after: Micros): Micros | undefined {
  let window = ledger.windows.after({ at: after, hash: Number.POSITIVE_INFINITY, model: '' })
  while (window !== undefined && modelOf(ledger, window.model).line.size === 0)
    window = ledger.windows.after(window)
  return window?.at
}

function nextLapseAt({ policy, line, offerTimes }: Ledger, after: Micros): Micros | undefined {
  if (line.size < 2) return undefined
  const offerFor = policy.offerMs * MICROS_PER_MS
  const timer = offerTimes.after({ at: after - offerFor, hash: Number.POSITIVE_INFINITY, jobId: '' })
  return timer === undefined ? undefined : timer.at + offerFor
}

function earliest(...times: readonly (Micros | undefined)[]): Micros | undefined {
  let first: Micros | undefined
  for (const at of times) if (at !== undefined && (first === undefined || at < first)) first = at
  return first
}
