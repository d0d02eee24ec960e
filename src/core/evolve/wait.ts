import type { Draft } from '../draft.ts'
import { costsAttempt, type RecordedEvent } from '../event.ts'
import { fairRankOf, moveShare } from '../fair-share.ts'
import { hash } from '../hash.ts'
import type { JobSpec } from '../job.ts'
import { isInLine, type Job, jobOf } from '../ledger.ts'
import { endOffer, offer } from '../offers.ts'
import type { OwnJob } from '../own-job.ts'
import { leavePlace, takePlace } from '../pausing.ts'
import { positionFor } from '../place.ts'
import { becomeDue, putOff, startExpiry, stopExpiry } from '../timing.ts'
import { corrupt, waitingJob } from './lookup.ts'

export function queue(draft: Draft, event: RecordedEvent, spec: JobSpec, asker: string | null): void {
  if (jobOf(draft, spec.jobId) !== undefined) throw corrupt(event, `job ${spec.jobId} is live already`)
  const rank = fairRankOf(draft, spec.fairKey)
  const position = positionFor(draft.policy, spec.priority, event.at, event.seq, rank)
  const place = { ...position, hash: hash(spec.jobId), jobId: spec.jobId }
  const job = draft.addJob(spec, place, event.at, rank)
  job.asker = asker
  job.exclusive = runsAlone(draft, spec)
  moveShare(draft, job, { waiting: 1 })
  startExpiry(draft, job)
  if (spec.runAt !== null && spec.runAt > event.at) putOff(draft, job, spec.runAt)
  else takePlace(draft, job)
}

function runsAlone({ policy }: Draft, { models }: JobSpec): boolean {
  return models.length === 0 && policy.emptySet === 'exclusive'
}

/** The attempt before ended with `final: false`, in the same append; the job keeps its place, whatever it needs now. */
export function requeue(draft: Draft, event: RecordedEvent & { readonly type: 'requeued' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt !== Number.POSITIVE_INFINITY) throw corrupt(event, `job ${job.jobId} is waiting already`)
  job.dueAt = null
  job.waitingSince = event.at
  if (event.models !== undefined) needOthers(draft, job, event.models)
  if (!costsAttempt(event.reason)) job.free++
  startExpiry(draft, job)
  if (event.runAt !== null && event.runAt > event.at) putOff(draft, job, event.runAt)
  else takePlace(draft, job)
}

/** Of its share a job counts only while it needs some model. */
function needOthers(draft: Draft, job: OwnJob, models: readonly string[]): void {
  moveShare(draft, job, { waiting: -1 })
  job.spec = { ...job.spec, models }
  job.exclusive = runsAlone(draft, job.spec)
  moveShare(draft, job, { waiting: 1 })
}

export function joinLine(draft: Draft, event: RecordedEvent & { readonly type: 'due' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt === null || job.dueAt > event.at)
    throw corrupt(event, `job ${job.jobId} is due at another time`)
  becomeDue(draft, job)
  takePlace(draft, job)
}

export function ask(draft: Draft, event: RecordedEvent & { readonly type: 'asked' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId), true)
  job.asker = event.asker
  if (job.offeredAt !== null) endOffer(draft, job)
}

export function move(draft: Draft, event: RecordedEvent & { readonly type: 'reprioritized' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  const isDue = job.dueAt === null
  if (isDue) leavePlace(draft, job)
  job.priority = event.priority
  job.place = { ...event.position, hash: job.hash, jobId: job.jobId }
  if (isDue) takePlace(draft, job)
}

export function leave(draft: Draft, job: Job): void {
  moveShare(draft, job, { waiting: -1 })
  stopExpiry(draft, job)
  const own = draft.edit(job)
  if (job.dueAt === null) leavePlace(draft, own)
  else becomeDue(draft, own)
  draft.dropJob(own)
}

export function announce(draft: Draft, event: RecordedEvent, jobId: string): void {
  const job = waitingJob(draft, event, jobId)
  if (!isInLine(job)) throw corrupt(event, `job ${jobId} is offered, but not due, or held`)
  if (job.offeredAt === null) offer(draft, draft.edit(job), event.at)
}
