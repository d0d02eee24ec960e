import { endAllOffers, pinOffered } from '../line/offers.ts'
import { pauseModel, resumeModel } from '../line/pausing.ts'
import { settle } from '../needs/blocking.ts'
import { Draft } from '../state/draft.ts'
import type { Job } from '../state/job.ts'
import { sweepKeys } from '../state/keys.ts'
import { jobKeyOf, type Ledger, pauseOf } from '../state/ledger.ts'
import { InterlockError } from '../values/error.ts'
import type { RecordedEvent } from '../values/event.ts'
import type { JobKey } from '../values/position.ts'
import { detach, end, giveBackModel, start } from './evolve/attempt.ts'
import { endFlowOf, failWith, link, propagateEnd, release } from './evolve/flow.ts'
import { checkExpired, checkLease, corrupt } from './evolve/lookup.ts'
import { changePolicy } from './evolve/policy.ts'
import { changeSchedule, isOfSchedule, type ScheduleEvent } from './evolve/schedule.ts'
import { changeServers } from './evolve/serve.ts'
import { announce, ask, comeDue, debounce, leave, move, queue, requeue } from './evolve/wait.ts'
import { checkArrived, checkStands, nextJobState, nextQueueState } from './law/law.ts'
import { type JobEvent, variantOf } from './law/variant.ts'

/**
 * The ledger after one event of the log. Pure, and the only place where state changes.
 * @throws InterlockError `corrupt_log` naming the sequence number, if the event is impossible in this state.
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
  if (draft.keyEnds.size > 0) sweepKeys(draft, event.at)
  if (draft.left.size > 0) draft.left.clear()
  if (isOfJob(event)) followJob(draft, event)
  else followQueue(draft, event)
  draft.version = event.seq
  draft.lastAt = event.at
  if (event.offers !== undefined) announceAll(draft, event, event.offers)
}

function announceAll(draft: Draft, event: RecordedEvent, offers: readonly string[]): void {
  for (const jobId of offers) announce(draft, event, jobId)
  if (draft.placed) pinOffered(draft, offers, event.at)
}

/** Not by `in`, which is slow where objects have many shapes. */
const isOfJob = (event: RecordedEvent): event is JobEvent => (event as Partial<JobEvent>).jobId !== undefined

function followJob(draft: Draft, event: JobEvent): void {
  const key = jobKeyOf(event.jobId)
  const job = draft.jobs.get(key)
  const variant = variantOf(event, job === undefined ? 0 : job.token)
  const state = nextQueueState(draft, event, variant)
  const jobState = nextJobState(job, event, variant)
  const after = job === undefined ? begin(draft, event, key) : changeJob(draft, event, job)
  if (job !== undefined && after === undefined && draft.flows.size > 0) endFlowOf(draft, job, event)
  checkStands(after, event, jobState)
  checkArrived(draft, event, state)
}

function followQueue(draft: Draft, event: Exclude<RecordedEvent, JobEvent>): void {
  const state = nextQueueState(draft, event, variantOf(event, 0))
  if (isOfSchedule(event)) changeSchedule(draft, event)
  else changeQueue(draft, event)
  checkArrived(draft, event, state)
}

function begin(draft: Draft, event: JobEvent, key: JobKey): Job | undefined {
  if (event.type === 'bypassed' || event.type === 'deduplicated') return undefined
  if (event.type !== 'queued') throw corrupt(event, `job ${event.jobId} is not live`)
  return queue(draft, event, key)
}

/**
 * What a live job becomes; undefined: it has ended. The law has checked whether the event may come now; only the ledger knows the
 * rest.
 */
function changeJob(draft: Draft, event: JobEvent, job: Job): Job | undefined {
  switch (event.type) {
    case 'blocked':
    case 'conflict':
      return job
    case 'started':
      return start(draft, event, job)
    case 'completed':
      return end(draft, job, true, event)
    case 'failed':
      return event.token === null ? failWith(draft, event, job) : end(draft, job, event.final, event)
    case 'lease_expired':
      checkLease(event, job)
      return end(draft, job, event.final, event)
    case 'detached':
      return detach(draft, event, job)
    case 'model_released':
      return giveBackModel(draft, event, job)
    case 'cancel_requested':
      return requestCancel(draft, job)
    case 'cancelled':
      return event.token === null ? leave(draft, job) : end(draft, job, true, event)
    case 'expired':
      checkExpired(event, job)
      return leave(draft, job)
    case 'requeued':
      return requeue(draft, event, job)
    case 'due':
      return comeDue(draft, event, job)
    case 'asked':
      return ask(draft, event, job)
    case 'reprioritized':
      return move(draft, event, job)
    case 'debounced':
      return debounce(draft, event, job)
    case 'linked':
      return link(draft, event, job)
    case 'released':
      return release(draft, event, job)
    case 'queued':
    case 'bypassed':
    case 'deduplicated':
      throw corrupt(event, `job ${event.jobId} is live already`)
    default:
      return never(event)
  }
}

function requestCancel(draft: Draft, job: Job): Job {
  const own = draft.edit(job)
  own.cancelRequested = true
  return own
}

function changeQueue(draft: Draft, event: Exclude<RecordedEvent, JobEvent | ScheduleEvent>): void {
  switch (event.type) {
    case 'policy_changed':
      return changePolicy(draft, event)
    case 'drain_requested':
      draft.draining = true
      return endAllOffers(draft)
    case 'drained':
      draft.drainedAt = event.at
      return
    case 'resumed':
      draft.draining = false
      draft.drainedAt = null
      draft.wide = true
      return
    case 'epoch_changed':
      if (event.epoch <= draft.epoch) throw corrupt(event, 'epochs only grow')
      draft.epoch = event.epoch
      return
    case 'voided':
      // It is for readers of the event that it names: they have already read that one differently.
      if (event.of > event.seq) throw corrupt(event, 'it voids an event that is still to come')
      return
    case 'model_paused':
      return pauseModel(draft, event)
    case 'model_resumed':
      return resume(draft, event)
    case 'worker_serves':
    case 'worker_gone':
      return changeServers(draft, event)
    case 'end_propagated':
      return propagateEnd(draft, event)
    default:
      return never(event)
  }
}

function resume(draft: Draft, event: RecordedEvent & { readonly type: 'model_resumed' }): void {
  const pause = pauseOf(draft, event.model)
  if (pause === undefined) throw corrupt(event, `model ${event.model} is not paused`)
  resumeModel(draft, pause)
}

function never(event: never): never {
  throw new InterlockError(
    'unknown_event',
    `unknown event: ${JSON.stringify(event)}; use a newer release of interlock-queue`,
  )
}
