import { settle } from './blocking.ts'
import { Draft } from './draft.ts'
import { InterlockError } from './error.ts'
import { costsAttempt, type RecordedEvent } from './event.ts'
import { hash } from './hash.ts'
import type { JobSpec } from './job.ts'
import { type Job, jobOf, type Ledger, modelOf, usesSlot } from './ledger.ts'
import { byPlace, type Place, positionFor } from './place.ts'
import { capacityOf } from './policy.ts'

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
  for (const jobId of event.offers ?? []) offer(draft, event, jobId)
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
    case 'lease_expired':
      end(draft, activeJob(draft, event, event.jobId, event.token), event.final)
      return
    case 'cancel_requested':
      draft.edit(activeJob(draft, event, event.jobId)).cancelRequested = true
      return
    case 'cancelled':
      if (event.token === null) leave(draft, waitingJob(draft, event, event.jobId))
      else end(draft, activeJob(draft, event, event.jobId, event.token), true)
      return
    case 'expired':
      leave(draft, waitingJob(draft, event, event.jobId))
      return
    case 'requeued':
      requeue(draft, event)
      return
    case 'due':
      becomeDue(draft, event)
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
    case 'model_resumed':
      throw new InterlockError(
        'unknown_event',
        `event ${event.seq} is of type ${event.type}, which this release cannot fold; use a newer release of interlock-queue`,
        { seq: event.seq, type: event.type },
      )
    default:
      return never(event)
  }
}

function queue(draft: Draft, event: RecordedEvent, spec: JobSpec, asker: string | null): void {
  if (jobOf(draft, spec.jobId) !== undefined) throw corrupt(event, `job ${spec.jobId} is live already`)
  const position = positionFor(draft.policy, spec.priority, event.at, event.seq)
  const place = { ...position, hash: hash(spec.jobId), jobId: spec.jobId }
  const job = draft.addJob(spec, place, event.at)
  job.asker = asker
  job.exclusive = spec.models.length === 0 && draft.policy.emptySet === 'exclusive'
  draft.startExpiry(job)
  if (spec.runAt !== null && spec.runAt > event.at) draft.putOff(job, spec.runAt)
  else draft.enterLine(job)
}

function start(draft: Draft, event: RecordedEvent & { readonly type: 'started' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt !== null) throw corrupt(event, `job ${job.jobId} is not due`)
  if (draft.draining) throw corrupt(event, 'nothing starts while the queue is draining')
  checkPlaces(draft, event, job)
  if (draft.policy.maxOvertakes !== 0) countOvertaking(draft, job)
  draft.stopExpiry(job)
  draft.leaveLine(job, true)
  draft.takeModels(job)
  job.active = true
  job.attempt++
  job.token = event.seq
  job.workerId = event.workerId
  job.startedAt = event.at
  job.asker = null
}

/** Exclusion and capacity, held at every prefix of the log: a log that breaks them is not replayed. */
function checkPlaces(draft: Draft, event: RecordedEvent, job: Job): void {
  const { maxActive } = draft.policy
  if (!usesSlot(job)) return
  if (draft.alone > 0 || (job.exclusive && draft.slotsUsed > 0)) throw corrupt(event, 'a job runs alone')
  if (maxActive !== null && draft.slotsUsed >= maxActive) {
    throw corrupt(event, `${draft.slotsUsed} jobs are active, and the policy allows ${maxActive}`)
  }
  for (const name of job.spec.models) {
    if (modelOf(draft, name).holders.size >= capacityOf(draft.policy, name)) {
      throw corrupt(event, `model ${name} has no free place`)
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
    if (other !== undefined && !draft.reserves(other)) draft.overtake(other)
  }
}

function end(draft: Draft, job: Job, final: boolean): void {
  draft.giveBackModels(job)
  if (final) {
    draft.dropJob(job)
    return
  }
  const own = draft.edit(job)
  own.active = false
  own.workerId = null
  own.cancelRequested = false
  own.dueAt = Number.POSITIVE_INFINITY
}

function leave(draft: Draft, job: Job): void {
  draft.stopExpiry(job)
  const own = draft.edit(job)
  if (job.dueAt === null) draft.leaveLine(own, false)
  else draft.becomeDue(own)
  draft.dropJob(own)
}

/** The attempt before ended with `final: false`, in the same append; the job keeps its place. */
function requeue(draft: Draft, event: RecordedEvent & { readonly type: 'requeued' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt !== Number.POSITIVE_INFINITY) throw corrupt(event, `job ${job.jobId} is waiting already`)
  job.dueAt = null
  job.waitingSince = event.at
  if (!costsAttempt(event.reason)) job.free++
  draft.startExpiry(job)
  if (event.runAt !== null && event.runAt > event.at) draft.putOff(job, event.runAt)
  else draft.enterLine(job)
}

function becomeDue(draft: Draft, event: RecordedEvent & { readonly type: 'due' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  if (job.dueAt === null || job.dueAt > event.at)
    throw corrupt(event, `job ${job.jobId} is due at another time`)
  draft.becomeDue(job)
  draft.enterLine(job)
}

function ask(draft: Draft, event: RecordedEvent & { readonly type: 'asked' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId), true)
  job.asker = event.asker
  if (job.offeredAt === null) return
  draft.withdrawOffer(job)
  draft.reenter(job)
}

function move(draft: Draft, event: RecordedEvent & { readonly type: 'reprioritized' }): void {
  const job = draft.edit(waitingJob(draft, event, event.jobId))
  const inLine = job.dueAt === null
  if (inLine) draft.leaveLine(job, false)
  job.priority = event.priority
  job.place = { ...event.position, hash: job.hash, jobId: job.jobId }
  if (inLine) draft.enterLine(job)
}

function changePolicy(draft: Draft, event: RecordedEvent & { readonly type: 'policy_changed' }): void {
  settle(draft)
  const reserveAnew = event.policy.maxOvertakes !== draft.policy.maxOvertakes
  draft.policy = event.policy
  if (reserveAnew) draft.reserveAnew()
  draft.policyChanged = true
  draft.wide = true
}

function offer(draft: Draft, event: RecordedEvent, jobId: string): void {
  const job = waitingJob(draft, event, jobId)
  if (job.dueAt !== null) throw corrupt(event, `job ${jobId} is offered, but not due`)
  if (job.offeredAt === null) draft.offer(draft.edit(job), event.at)
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
