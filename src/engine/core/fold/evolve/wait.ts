import { joinClass, quitClass } from '../../line/classes.ts'
import { endOffer, offer } from '../../line/offers.ts'
import { passesMoved } from '../../line/passes.ts'
import { leavePosition, takePosition } from '../../line/pausing.ts'
import { fairRankOf, moveShare } from '../../needs/tally.ts'
import type { Draft } from '../../state/draft.ts'
import { isInLine, type Job, PARENTS_END } from '../../state/job.ts'
import { keyAtEnd, keyAtReturn, takeKey } from '../../state/keys.ts'
import type { OwnJob } from '../../state/own-job.ts'
import { setPlaces } from '../../state/site.ts'
import { positionFor } from '../../values/ageing.ts'
import { costsAttempt, type RecordedEvent } from '../../values/event.ts'
import type { JobSpec } from '../../values/job.ts'
import type { JobKey } from '../../values/position.ts'
import { becomeDue, putOff, startExpiry, stopExpiry } from '../timing.ts'
import { corrupt, waitingJob } from './lookup.ts'
import { fireSchedule } from './schedule.ts'

export function queue(draft: Draft, event: RecordedEvent & { readonly type: 'queued' }, key: JobKey): Job {
  const { spec } = event
  const rank = fairRankOf(draft, spec.fairKey)
  const { level, order, tie } = positionFor(draft.policy, spec.priority, event.at, event.seq, rank)
  const job = draft.addJob(spec, { level, order, tie, hash: key.hash, jobId: key.jobId }, event.at, rank)
  job.asker = event.asked === true ? (event.workerId ?? null) : null
  job.exclusive = runsAlone(draft, spec)
  moveShare(draft, job, { waiting: 1 })
  takeKey(draft, job)
  if (event.due !== undefined) fireSchedule(draft, event, event.due)
  if (spec.after !== undefined) {
    job.dueAt = PARENTS_END
    return job
  }
  startExpiry(draft, job)
  if (spec.runAt !== null && spec.runAt > event.at) putOff(draft, job, spec.runAt)
  else takePosition(draft, job)
  return job
}

function runsAlone({ policy }: Draft, { models }: JobSpec): boolean {
  return models.length === 0 && policy.emptySet === 'exclusive'
}

/** The previous attempt ended with `final: false`, in the same append. The job keeps its position, whatever models it needs now. */
export function requeue(
  draft: Draft,
  event: RecordedEvent & { readonly type: 'requeued' },
  waiting: Job,
): Job {
  const job = draft.edit(waiting)
  job.dueAt = null
  job.waitingSince = event.at
  needAllAgain(draft, job)
  if (event.models !== undefined) needOthers(draft, job, event.models)
  if (!costsAttempt(event.reason)) job.free++
  keyAtReturn(draft, job)
  startExpiry(draft, job)
  if (event.runAt !== null && event.runAt > event.at) putOff(draft, job, event.runAt)
  else takePosition(draft, job)
  return job
}

/** Whatever its last attempt has given back, another one needs it. */
function needAllAgain(draft: Draft, job: OwnJob): void {
  if (job.gaveBack === null) return
  job.gaveBack = null
  setPlaces(draft.policy, job, null)
}

/** A job counts in its share only while it needs a model. */
function needOthers(draft: Draft, job: OwnJob, models: readonly string[]): void {
  moveShare(draft, job, { waiting: -1 })
  job.spec = { ...job.spec, models }
  job.needs = models
  job.exclusive = runsAlone(draft, job.spec)
  moveShare(draft, job, { waiting: 1 })
}

export function comeDue(draft: Draft, event: RecordedEvent & { readonly type: 'due' }, waiting: Job): Job {
  const job = draft.edit(waiting)
  if ((job.dueAt ?? 0) > event.at) throw corrupt(event, `job ${job.jobId} is due at another time`)
  becomeDue(draft, job)
  takePosition(draft, job)
  return job
}

export function ask(draft: Draft, event: RecordedEvent & { readonly type: 'asked' }, waiting: Job): Job {
  const job = draft.edit(waiting, true)
  quitClass(draft, job, draft.owner)
  job.asker = event.asker
  if (isInLine(job)) joinClass(draft, job, draft.owner)
  if (job.offeredAt !== null) endOffer(draft, job)
  return job
}

export function move(
  draft: Draft,
  event: RecordedEvent & { readonly type: 'reprioritized' },
  waiting: Job,
): Job {
  const job = draft.edit(waiting)
  const isDue = job.dueAt === null
  const from = job.position
  if (isDue) leavePosition(draft, job)
  job.priority = event.priority
  job.position = { ...event.position, hash: job.hash, jobId: job.jobId }
  if (job.passes !== null) job.passes = passesMoved(job.passes, from, job.position)
  if (isDue) takePosition(draft, job)
  return job
}

/** Another job came with its key: this one has that one's payload, and is put off. It keeps its position in line. */
export function debounce(
  draft: Draft,
  event: RecordedEvent & { readonly type: 'debounced' },
  waiting: Job,
): Job {
  const job = draft.edit(waiting)
  const { runAt, hasData, payloadHash } = event
  if (hasData !== undefined) job.spec = { ...job.spec, hasData }
  if (payloadHash !== undefined) job.spec = { ...job.spec, payloadHash }
  if (runAt === null || runAt <= event.at) return job
  if (job.dueAt === null) leavePosition(draft, job)
  else becomeDue(draft, job)
  putOff(draft, job, runAt)
  return job
}

export function leave(draft: Draft, job: Job): undefined {
  keyAtEnd(draft, job)
  moveShare(draft, job, { waiting: -1 })
  stopExpiry(draft, job)
  const own = draft.edit(job)
  if (job.dueAt === null) leavePosition(draft, own)
  else becomeDue(draft, own)
  draft.dropJob(own)
}

export function announce(draft: Draft, event: RecordedEvent, jobId: string): void {
  const job = waitingJob(draft, event, jobId)
  if (!isInLine(job)) throw corrupt(event, `job ${jobId} is offered, but not due, or held`)
  if (job.offeredAt === null) offer(draft, draft.edit(job), event.at)
}
