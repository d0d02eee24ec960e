import { settle } from './blocking.ts'
import { Draft } from './draft.ts'
import { InterlockError } from './error.ts'
import { costsAttempt, type RecordedEvent } from './event.ts'
import { fairRankOf, moveShare, shareOf } from './fair-share.ts'
import { hash } from './hash.ts'
import { giveBackModels, takeModels } from './holding.ts'
import type { JobSpec } from './job.ts'
import { isInLine, type Job, jobOf, type Ledger, modelOf, usesSlot } from './ledger.ts'
import { leaveLine } from './line.ts'
import { endAllOffers, endOffer, offer } from './offers.ts'
import { leavePlace, pauseModel, pauseOf, resumeModel, takePlace } from './pausing.ts'
import { byPlace, type Place, positionFor } from './place.ts'
import { capacityOf, isSameRule, type Policy } from './policy.ts'
import { isOverRate, rateAnew } from './rate.ts'
import { overtake, reserveAnew, reserves } from './reservation.ts'
import {
  becomeDue,
  expiresAt,
  putOff,
  startDeadline,
  startExpiry,
  stopDeadline,
  stopExpiry,
} from './timing.ts'

/**
 * The ledger after one event of the log. Pure; the one place where state changes.
 * @throws InterlockError `corrupt_log` naming the sequence number, when the event cannot have happened in this state.
 */
export function evolve(ledger: Ledger, event: RecordedEvent): Ledger {
  const draft = new Draft(ledger)
  applyEvent(draft, event)
  settle(draft)
  return draft.seal()
}

/** Writes one event into a draft. The caller settles before it reads readiness or blockers. */
export function applyEvent(draft: Draft, event: RecordedEvent): void {
  if (event.seq !== draft.version + 1) {
    throw corrupt(event, `sequence number ${draft.version + 1} was expected`)
  }
  if (event.at <= draft.lastAt)
    throw corrupt(event, 'its time does not come after that of the event before it')
  change(draft, event)
  draft.version = event.seq
  draft.lastAt = event.at
  for (const jobId of event.offers ?? []) announce(draft, event, jobId)
}

function change(draft: Draft, event: RecordedEvent): void {
  switch (event.type) {
    case 'queued':
      queue(draft, event, event.spec, event.asked === true ? (event.workerId ?? null) : null)
      return
    case 'blocked':
    case 'conflict':
      waitingJob(draft, event, event.jobId)
      return
    case 'started':
      start(draft, event)
      return
    case 'completed':
      end(draft, activeJob(draft, event, event.jobId, event.token), true)
      return
    case 'failed':
      end(draft, activeJob(draft, event, event.jobId, event.token), event.final)
      return
    case 'lease_expired':
      end(draft, leasedJob(draft, event), event.final)
      return
    case 'detached':
      detach(draft, event)
      return
    case 'cancel_requested':
      draft.edit(activeJob(draft, event, event.jobId)).cancelRequested = true
      return
    case 'cancelled':
      if (event.token === null) leave(draft, waitingJob(draft, event, event.jobId))
      else end(draft, activeJob(draft, event, event.jobId, event.token), true)
      return
    case 'expired':
      leave(draft, expiredJob(draft, event))
      return
    case 'requeued':
      requeue(draft, event)
      return
    case 'due':
      joinLine(draft, event)
      return
    case 'asked':
      ask(draft, event)
      return
    case 'reprioritized':
      move(draft, event)
      return
    case 'policy_changed':
      changePolicy(draft, event)
      return
    case 'drain_requested':
      if (draft.draining) throw corrupt(event, 'the queue is draining already')
      draft.draining = true
      endAllOffers(draft)
      return
    case 'drained':
      if (!draft.draining || draft.active.size > 0 || draft.drainedAt !== null) {
        throw corrupt(event, 'the queue is not draining, or not empty, or was drained before')
      }
      draft.drainedAt = event.at
      return
    case 'resumed':
      if (!draft.draining) throw corrupt(event, 'the queue is not draining')
      draft.draining = false
      draft.drainedAt = null
      draft.wide = true
      return
    case 'epoch_changed':
      if (event.epoch <= draft.epoch) throw corrupt(event, 'epochs only grow')
      draft.epoch = event.epoch
      return
    case 'bypassed':
      return
    case 'model_paused':
      pauseModel(draft, event)
      return
    case 'model_resumed':
      resume(draft, event)
      return
    default:
      return never(event)
  }
}

function queue(draft: Draft, event: RecordedEvent, spec: JobSpec, asker: string | null): void {
  if (jobOf(draft, spec.jobId) !== undefined) throw corrupt(event, `job ${spec.jobId} is live already`)
  const rank = fairRankOf(draft, spec.fairKey)
  const position = positionFor(draft.policy, spec.priority, event.at, event.seq, rank)
  const place = { ...position, hash: hash(spec.jobId), jobId: spec.jobId }
  const job = draft.addJob(spec, place, event.at, rank)
  job.asker = asker
  job.exclusive = spec.models.length === 0 && draft.policy.emptySet === 'exclusive'
  moveShare(draft, job, { waiting: 1 })
  startExpiry(draft, job)
  if (spec.runAt !== null && spec.runAt > event.at) putOff(draft, job, spec.runAt)
  else takePlace(draft, job)
}

function start(draft: Draft, event: RecordedEvent & { readonly type: 'started' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt !== null) throw corrupt(event, `job ${job.jobId} is not due`)
  if (job.heldOn !== null) throw corrupt(event, `model ${job.heldOn} is paused`)
  if (draft.draining) throw corrupt(event, 'nothing starts while the queue is draining')
  checkAttempt(event, job)
  checkPlaces(draft, event, job)
  if (draft.policy.maxOvertakes !== 0) countOvertaking(draft, job)
  stopExpiry(draft, job)
  moveShare(draft, job, { waiting: -1, active: 1 })
  leaveLine(draft, job, true)
  takeModels(draft, job, event.at)
  job.active = true
  job.attempt++
  job.token = event.seq
  job.workerId = event.workerId
  job.startedAt = event.at
  job.asker = null
  startDeadline(draft, job)
}

/** The event repeats what the job was queued with; another number or other models come from somebody else. */
function checkAttempt(event: RecordedEvent & { readonly type: 'started' }, { attempt, spec }: Job): void {
  if (event.attempt !== attempt + 1)
    throw corrupt(event, `attempt ${attempt + 1} of job ${spec.jobId} should be next, not ${event.attempt}`)
  const { models } = event
  if (models !== spec.models && !isSameList(models, spec.models))
    throw corrupt(event, `job ${spec.jobId} was queued with other models`)
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}

/** Exclusion, capacity and rates, held at every prefix of the log: a log that breaks them is not replayed. */
function checkPlaces(draft: Draft, event: RecordedEvent, job: Job): void {
  const { maxActive } = draft.policy
  if (!usesSlot(job)) return
  if (draft.alone > 0 || (job.exclusive && draft.slots.size > 0)) throw corrupt(event, 'a job runs alone')
  if (maxActive !== null && draft.slots.size >= maxActive) {
    throw corrupt(event, `${draft.slots.size} jobs are active, and the policy allows ${maxActive}`)
  }
  const { fairKey } = job.spec
  if (fairKey !== null && shareOf(draft, fairKey).active >= (draft.policy.fairShare?.maxActive ?? Infinity)) {
    throw corrupt(event, `as many jobs of ${fairKey} are active as its share allows`)
  }
  for (const name of job.spec.models) {
    if (modelOf(draft, name).holders.size >= capacityOf(draft.policy, name)) {
      throw corrupt(event, `model ${name} has no free place`)
    }
    if (isOverRate(draft, modelOf(draft, name), event.at)) {
      throw corrupt(event, `model ${name} had as many starts as its rate allows`)
    }
  }
}

/** All due jobs ahead in line that share a model with a job that starts are overtaken, each once. */
function countOvertaking(draft: Draft, job: Job): void {
  const passed = new Set<Place>()
  for (const name of job.spec.models) {
    for (const place of modelOf(draft, name).line) {
      if (byPlace(place, job.place) >= 0) break
      passed.add(place)
    }
  }
  for (const place of passed) {
    const other = draft.jobs.get(place)
    if (other !== undefined && !reserves(draft, other)) overtake(draft, other)
  }
}

function end(draft: Draft, job: Job, final: boolean): void {
  stopDeadline(draft, job)
  giveBackModels(draft, job)
  moveShare(draft, job, final ? { active: -1 } : { active: -1, waiting: 1 })
  if (final) {
    draft.dropJob(job)
    return
  }
  const own = draft.edit(job)
  own.active = false
  own.workerId = null
  own.detachedUntil = null
  own.cancelRequested = false
  own.dueAt = Number.POSITIVE_INFINITY
}

/** From now on the attempt is bound to a time, and no more to the process that started it. */
function detach(draft: Draft, event: RecordedEvent & { readonly type: 'detached' }): void {
  const job = draft.edit(activeJob(draft, event, event.jobId, event.token))
  stopDeadline(draft, job)
  job.workerId = null
  job.detachedUntil = event.until
  startDeadline(draft, job)
}

function leave(draft: Draft, job: Job): void {
  moveShare(draft, job, { waiting: -1 })
  stopExpiry(draft, job)
  const own = draft.edit(job)
  if (job.dueAt === null) leavePlace(draft, own)
  else becomeDue(draft, own)
  draft.dropJob(own)
}

function expiredJob(draft: Draft, event: RecordedEvent & { readonly type: 'expired' }): Job {
  const job = waitingJob(draft, event, event.jobId)
  const at = expiresAt(job)
  if (at === null || at > event.at) throw corrupt(event, `job ${job.jobId} expires at another time`)
  return job
}

/** The attempt before ended with `final: false`, in the same append; the job keeps its place. */
function requeue(draft: Draft, event: RecordedEvent & { readonly type: 'requeued' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt !== Number.POSITIVE_INFINITY) throw corrupt(event, `job ${job.jobId} is waiting already`)
  job.dueAt = null
  job.waitingSince = event.at
  if (!costsAttempt(event.reason)) job.free++
  startExpiry(draft, job)
  if (event.runAt !== null && event.runAt > event.at) putOff(draft, job, event.runAt)
  else takePlace(draft, job)
}

function joinLine(draft: Draft, event: RecordedEvent & { readonly type: 'due' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt === null || job.dueAt > event.at)
    throw corrupt(event, `job ${job.jobId} is due at another time`)
  becomeDue(draft, job)
  takePlace(draft, job)
}

function ask(draft: Draft, event: RecordedEvent & { readonly type: 'asked' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId), true)
  job.asker = event.asker
  if (job.offeredAt !== null) endOffer(draft, job)
}

function move(draft: Draft, event: RecordedEvent & { readonly type: 'reprioritized' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  const isDue = job.dueAt === null
  if (isDue) leavePlace(draft, job)
  job.priority = event.priority
  job.place = { ...event.position, hash: job.hash, jobId: job.jobId }
  if (isDue) takePlace(draft, job)
}

function resume(draft: Draft, event: RecordedEvent & { readonly type: 'model_resumed' }): void {
  const pause = pauseOf(draft, event.model)
  if (pause === undefined) throw corrupt(event, `model ${event.model} is not paused`)
  resumeModel(draft, pause)
}

/** Who may start under the new rules is found out at once; see {@link unsettleCapacities} for what that costs. */
function changePolicy(draft: Draft, event: RecordedEvent & { readonly type: 'policy_changed' }): void {
  const before = draft.policy
  draft.policy = event.policy
  if (before.maxOvertakes !== event.policy.maxOvertakes) reserveAnew(draft)
  unsettleCapacities(draft, before)
  if (!isSameRule(before.rate, event.policy.rate)) rateAnew(draft)
  endAllOffers(draft)
  draft.wide = true
}

/**
 * Another capacity concerns those whose rank in the line of the model lies between what was free before and what is free
 * now: to all others the same places are taken or left as before.
 */
function unsettleCapacities(draft: Draft, before: Policy): void {
  for (const { model, holders, line } of draft.models) {
    const old = capacityOf(before, model)
    const now = capacityOf(draft.policy, model)
    const from = Math.max(0, Math.min(old, now) - holders.size)
    const to = Math.min(line.size, Math.max(old, now) - holders.size)
    for (let rank = from; rank < to; rank++) draft.unsettle(line.at(rank))
  }
}

function announce(draft: Draft, event: RecordedEvent, jobId: string): void {
  const job = waitingJob(draft, event, jobId)
  if (!isInLine(job)) throw corrupt(event, `job ${jobId} is offered, but not due, or held`)
  if (job.offeredAt === null) offer(draft, draft.edit(job), event.at)
}

function waitingJob(draft: Draft, event: RecordedEvent, jobId: string): Job {
  const job = jobOf(draft, jobId)
  if (job === undefined || job.active) throw corrupt(event, `job ${jobId} is not waiting`)
  return job
}

function activeJob(draft: Draft, event: RecordedEvent, jobId: string, token?: number): Job {
  const job = jobOf(draft, jobId)
  if (job === undefined || !job.active) throw corrupt(event, `job ${jobId} is not active`)
  if (token !== undefined && job.token !== token) {
    throw corrupt(event, `job ${jobId} runs under token ${job.token}, not ${token}`)
  }
  return job
}

function leasedJob(draft: Draft, event: RecordedEvent & { readonly type: 'lease_expired' }): Job {
  const job = activeJob(draft, event, event.jobId, event.token)
  if (job.workerId !== event.workerId)
    throw corrupt(event, `job ${job.jobId} does not depend on the lease of ${event.workerId}`)
  return job
}

function corrupt(event: RecordedEvent, why: string): InterlockError {
  return new InterlockError(
    'corrupt_log',
    `event ${event.seq} (${event.type}) cannot have happened: ${why}. The log was changed, or written by something else; stop the workers and run \`interlock verify\``,
    { seq: event.seq, type: event.type },
  )
}

function never(event: never): never {
  throw new InterlockError(
    'unknown_event',
    `unknown event: ${JSON.stringify(event)}; use a newer release of interlock-queue`,
  )
}
