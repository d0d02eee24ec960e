import type { Draft } from '../draft.ts'
import type { RecordedEvent } from '../event.ts'
import { moveShare, shareOf } from '../fair-share.ts'
import { keyAtEnd, keyAtStart } from '../keys.ts'
import { type Job, modelOf, usesSlot } from '../ledger.ts'
import { giveBackModels, leaveLine, takeModels } from '../line.ts'
import { overtake } from '../overtaking.ts'
import { byPlace, type Place } from '../place.ts'
import { capacityOf } from '../policy.ts'
import { isOverRate } from '../rate.ts'

import { startDeadline, stopDeadline, stopExpiry } from '../timing.ts'
import { corrupt } from './lookup.ts'

export function start(draft: Draft, event: RecordedEvent & { readonly type: 'started' }, waiting: Job): Job {
  const job = draft.edit(waiting)
  if (job.heldOn !== null) throw corrupt(event, `model ${job.heldOn} is paused`)
  checkAttempt(event, job)
  checkPlaces(draft, event, job)
  countOvertaking(draft, job)
  stopExpiry(draft, job)
  keyAtStart(draft, job)
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
  return job
}

/** The event repeats what the job was queued with. Another number or other models were written by something else. */
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

/** Checks exclusion, capacity and rates at every event: a log that breaks them is not replayed. */
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
    const model = modelOf(draft, name)
    if (model.holders.size >= capacityOf(draft.policy, name)) {
      throw corrupt(event, `model ${name} has no free place`)
    }
    if (isOverRate(draft, model, event.at)) {
      throw corrupt(event, `model ${name} had as many starts as its rate allows`)
    }
  }
}

/** All due jobs ahead in line that share a model with a job that starts are overtaken, each once. */
function countOvertaking(draft: Draft, job: Job): void {
  const passed = new Set<Place>()
  for (const name of job.spec.models) {
    const { line } = modelOf(draft, name)
    // The usual case, nearly always in strict order.
    if (line.min() === job.place) continue
    for (const place of line) {
      if (byPlace(place, job.place) >= 0) break
      passed.add(place)
    }
  }
  for (const place of passed) {
    const other = draft.jobs.get(place)
    if (other !== undefined) overtake(draft, other)
  }
}

export function end(draft: Draft, job: Job, final: boolean): Job | undefined {
  stopDeadline(draft, job)
  giveBackModels(draft, job)
  moveShare(draft, job, final ? { active: -1 } : { active: -1, waiting: 1 })
  if (final) {
    keyAtEnd(draft, job)
    draft.dropJob(job)
    return undefined
  }
  const own = draft.edit(job)
  own.active = false
  own.workerId = null
  own.detachedUntil = null
  own.cancelRequested = false
  own.dueAt = Number.POSITIVE_INFINITY
  return own
}

/** From now on the attempt is bound to a deadline, and no longer to the process that started it. */
export function detach(draft: Draft, event: RecordedEvent & { readonly type: 'detached' }, active: Job): Job {
  const job = draft.edit(active)
  stopDeadline(draft, job)
  job.workerId = null
  job.detachedUntil = event.until
  startDeadline(draft, job)
  return job
}
