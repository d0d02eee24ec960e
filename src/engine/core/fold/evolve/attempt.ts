import { fitsBatch } from '../../line/alike.ts'
import { areInSame, enterBatch, holderOf, leaveBatch } from '../../line/batch.ts'
import { beginUse, endUse, firstsBeside } from '../../line/fair-queue.ts'
import {
  giveBackModels,
  leaveBehind,
  leaveHolders,
  leaveLine,
  leaveModels,
  shareModels,
  takeModels,
} from '../../line/line.ts'
import { overtake, overtakeFirsts } from '../../line/overtaking.ts'
import { withStart } from '../../line/warmth/loaded.ts'
import { passInKey, passInLine } from '../../line/warmth/passed.ts'
import { holdingBack, limits } from '../../needs/limits/index.ts'
import { settleUses } from '../../needs/meter.ts'
import { lacking } from '../../needs/need.ts'
import { moveShare } from '../../needs/tally.ts'
import type { Draft } from '../../state/draft.ts'
import { heldModels, type Job, usesSlot } from '../../state/job.ts'
import { keyAtEnd, keyAtStart } from '../../state/keys.ts'
import { modelOf } from '../../state/ledger.ts'
import {
  isSite,
  isUsable,
  mayUse,
  needsOf,
  placeFor,
  placeOf,
  setPlaces,
  sitesNear,
  wholesOf,
} from '../../state/site.ts'
import type { RecordedEvent } from '../../values/event.ts'
import { type Micros, type Places, takesAllOf, type Uses } from '../../values/job.ts'
import { isMeter, placesOf } from '../../values/policy.ts'
import { byPosition, type LinePosition } from '../../values/position.ts'
import { startDeadline, stopDeadline, stopExpiry } from '../timing.ts'
import { corrupt } from './lookup.ts'

export function start(draft: Draft, event: StartedEvent, waiting: Job): Job {
  const job = draft.edit(waiting)
  const { held } = job
  if (held !== null)
    throw corrupt(
      event,
      held.as === 'fits_no_place' ? 'the job fits no place' : `${held.on} is paused, or nobody serves it`,
    )
  checkAttempt(event, job)
  const { batch } = event
  const holder = batch === undefined ? undefined : holderOf(draft, batch)
  if (batch !== undefined) checkBatch(draft, event, job, holder)
  const places = placesIn(draft, event, job)
  const wholes = wholesOf(draft.policy, job.spec)
  const needs = needsOf(draft.policy, job.spec.models, places, wholes)
  const names = job.spec.uses === undefined ? needs : [...needs, ...job.needs.filter(isMeter)]
  checkRoom(
    draft,
    event,
    places === null && wholes === null ? job : { ...job, places, wholes, needs },
    holder !== undefined,
  )
  if (draft.fair !== null) {
    if (event.warm !== undefined) passInKey(draft, firstsBeside(draft, job), job, viewOf(event))
    overtakeFirsts(draft, draft.fair, job, names, holder === undefined && usesSlot(job))
  } else if (event.warm !== undefined) passInLine(draft, job, viewOf(event), names)
  else countOvertaking(draft, job, names)
  stopExpiry(draft, job)
  job.expects = event.expects ?? 0
  beginUse(draft, job, holder !== undefined)
  keyAtStart(draft, job)
  moveShare(draft, job, { waiting: -1, active: 1 })
  // What it kept in its lines is free for those behind it, if it takes nothing itself.
  const pinned = job.needs.filter((name) => !needs.includes(name))
  leaveLine(draft, job, holder === undefined)
  job.passes = null
  if (holder === undefined) leaveBehind(draft, job, pinned)
  if (places !== null || wholes !== null) setPlaces(draft.policy, job, places, wholes)
  if (holder === undefined) takeModels(draft, job, event.at)
  else shareModels(draft, job, event.at)
  if (batch !== undefined) enterBatch(draft, job.position, batch)
  job.active = true
  job.attempt++
  job.token = event.seq
  job.workerId = event.workerId
  job.startedAt = event.at
  job.batch = batch ?? null
  job.asker = null
  startDeadline(draft, job)
  if (draft.keepers.length > 0) draft.keepers = withStart(draft.keepers, draft.policy, event)
  // Who keeps a resource from others may do so no more: its share is full, or the rate of its model reached.
  if (draft.policy.uses !== undefined) draft.wide = true
  return job
}

const viewOf = ({ workerId, without = [], at }: StartedEvent) => ({
  worker: workerId,
  runs: (kind: string) => !without.includes(kind),
  at,
})

/** The event repeats what the job was queued with. Another number or other models were written by something else. */
function checkAttempt(event: StartedEvent, { attempt, spec }: Job): void {
  if (event.attempt !== attempt + 1)
    throw corrupt(event, `attempt ${attempt + 1} of job ${spec.jobId} should be next, not ${event.attempt}`)
  const { models } = event
  if (models !== spec.models && !isSameList(models, spec.models))
    throw corrupt(event, `job ${spec.jobId} was queued with other models`)
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}

type StartedEvent = RecordedEvent & { readonly type: 'started' }

/** Only what its batch holds is held for it: the same models in the same places, in the same process. */
function checkBatch(draft: Draft, event: StartedEvent, job: Job, holder: LinePosition | undefined): void {
  if (holder === undefined) return
  const other = draft.jobs.get(holder)
  if (other === undefined || !fitsBatch(other.spec, job.spec) || other.workerId !== event.workerId)
    throw corrupt(event, `batch ${event.batch} has jobs of another kind, other models or another worker`)
  if (!areInSame(job.spec.models, other.places, event.places ?? null))
    throw corrupt(event, `batch ${event.batch} has its models in other places`)
}

/** Checks every limit at every start: a log that breaks one is not replayed. @param isShared its batch has models, places and a slot for it */
function checkRoom(draft: Draft, event: RecordedEvent, job: Job, isShared: boolean): void {
  const view = { ledger: draft, now: event.at }
  for (const sort of isShared ? [holdingBack] : limits) {
    const need = lacking(view, job, sort, 'held')
    if (need !== undefined) throw corrupt(event, need.limit.broken(draft, need))
  }
}

/** All due jobs ahead in line that share a model with a job that starts are overtaken, each once. */
function countOvertaking(draft: Draft, job: Job, needs: readonly string[]): void {
  const passed = new Set<LinePosition>()
  for (const name of needs) {
    if (isSite(name)) {
      for (const position of passedAt(draft, job, name)) passed.add(position)
      continue
    }
    const { line } = modelOf(draft, name)
    // The usual case, nearly always in strict order.
    if (line.min() === job.position) continue
    for (const position of line) {
      if (byPosition(position, job.position) >= 0) break
      passed.add(position)
    }
  }
  for (const position of passed) {
    const other = draft.jobs.get(position)
    if (other !== undefined) overtake(draft, other)
  }
}

/** Those ahead that could have taken this place, wherever they are pinned to. */
function* passedAt(draft: Draft, job: Job, site: string): Generator<LinePosition> {
  for (const near of sitesNear(draft.policy, site)) {
    for (const position of modelOf(draft, near).line) {
      if (byPosition(position, job.position) >= 0) break
      const other = draft.jobs.get(position)
      if (other !== undefined && (near === site || mayUse(draft.policy, other, placeOf(site)))) yield position
    }
  }
}

/** Where the models of the job are from now on, as the event says it: each that has places in one of them that is open; null: none has. */
function placesIn(draft: Draft, event: StartedEvent, job: Job): Places | null {
  const { places = null } = event
  if (!draft.placed && places === null) return null
  for (const model of job.spec.models) {
    if (takesAllOf(job.spec, model)) continue
    const listed = placesOf(draft.policy, model)
    const place = placeFor(places, model)
    if (listed === undefined ? place === undefined : isOpenOf(draft, listed, place, event.workerId)) continue
    throw corrupt(
      event,
      `model ${model} has no place ${place ?? ''} that is open for worker ${event.workerId}`,
    )
  }
  const isOfIt = (model: string) => job.spec.models.includes(model) && !takesAllOf(job.spec, model)
  if (Object.keys(places ?? {}).every(isOfIt)) return places
  throw corrupt(event, `it names places of models that job ${job.jobId} does not need`)
}

const isOpenOf = (draft: Draft, listed: readonly string[], place: string | undefined, by: string): boolean =>
  place !== undefined && listed.includes(place) && isUsable(draft, place, by)

/** @param used what the attempt says that it used */
export function end(
  draft: Draft,
  job: Job,
  final: boolean,
  { at, used }: { readonly at: Micros; readonly used?: Uses },
): Job | undefined {
  stopDeadline(draft, job)
  giveBack(draft, job)
  settleUses(draft, job, used, at)
  endUse(draft, job, at)
  moveShare(draft, job, final ? { active: -1 } : { active: -1, waiting: 1 })
  if (final) {
    keyAtEnd(draft, job)
    draft.dropJob(job)
    return undefined
  }
  const own = draft.edit(job)
  own.active = false
  if (own.places !== null || own.wholes !== null) setPlaces(draft.policy, own, null, null)
  own.workerId = null
  own.batch = null
  own.detachedUntil = null
  own.cancelRequested = false
  own.dueAt = Number.POSITIVE_INFINITY
  return own
}

/** The models of a batch are free when the last of it has ended. */
function giveBack(draft: Draft, job: Job): void {
  const { batch } = job
  if (batch !== null) leaveBatch(draft, job.position, batch)
  const holder = batch === null ? undefined : holderOf(draft, batch)
  if (holder === undefined) giveBackModels(draft, job)
  else leaveModels(draft, job, holder)
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

/** From now on others may have this model, and its place, unless another of its models is there. */
export function giveBackModel(
  draft: Draft,
  event: RecordedEvent & { readonly type: 'model_released' },
  active: Job,
): Job {
  const { model, at } = event
  if (active.batch !== null) throw corrupt(event, `job ${active.jobId} has its models together with others`)
  if (!heldModels(active).includes(model)) throw corrupt(event, `job ${active.jobId} does not have ${model}`)
  const job = draft.edit(active)
  const { needs, places, wholes } = job
  job.gaveBack = [...(job.gaveBack ?? []), { model, at }]
  setPlaces(draft.policy, job, without(places, model), without(wholes, model))
  for (const name of needs) if (!job.needs.includes(name)) leaveHolders(draft, job, name)
  return job
}

function without<Of>(
  byModel: Readonly<Record<string, Of>> | null,
  model: string,
): Readonly<Record<string, Of>> | null {
  const left = Object.entries(byModel ?? {}).filter(([name]) => name !== model)
  return left.length === 0 ? null : Object.fromEntries(left)
}
