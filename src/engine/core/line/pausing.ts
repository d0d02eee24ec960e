import { overLimit } from '../needs/meter.ts'
import type { Draft } from '../state/draft.ts'
import { type HeldBack, isInLine, type Job } from '../state/job.ts'
import { modelOf, noPositions, type Pause, pauseOf } from '../state/ledger.ts'
import type { OwnJob } from '../state/own-job.ts'
import { firstPause } from '../state/pause.ts'
import { isServable, placeOf, siteOf, sitesNear, unservedPlace } from '../state/site.ts'
import { askOf, fitsNowhere } from '../state/units.ts'
import type { RecordedEvent } from '../values/event.ts'
import { hash } from '../values/hash.ts'
import type { Places } from '../values/job.ts'
import { placesOf } from '../values/policy.ts'
import { byPosition, type LinePosition, type ModelTimer } from '../values/position.ts'
import { enterLine, leaveLine } from './line.ts'

/**
 * Puts a due job into line, or, while one of its models is paused, it fits no place, it asks for more than there ever is, or no process serves
 * places for it, beside it, where it keeps nothing.
 * @param before where it was pinned until the rules changed
 */
export function takePosition(draft: Draft, job: OwnJob, before: Places | null = null): void {
  if (job.spec.asks !== undefined && fitsNowhere(draft.policy, job.spec))
    return standBeside(draft, job, 'fits_no_place', askOf(job.spec)?.model)
  const pause = firstPause(draft, job.spec)
  if (pause !== undefined) return hold(draft, job, pause)
  const over = overLimit(draft.policy, job.spec.uses)
  if (over !== undefined) standBeside(draft, job, 'use_over_limit', over.resource)
  else if (draft.servers.length === 0 || isServable(draft, job.spec)) enterLine(draft, job, before)
  else standBeside(draft, job, 'no_worker', unservedPlace(draft, job.spec))
}

function standBeside(draft: Draft, job: OwnJob, as: HeldBack['as'], on = ''): void {
  job.held = { as, on }
  draft.beside = draft.beside.insert(job.position, draft.owner)
}

/** Takes a job that does not start out of its line, or from beside it. */
export function leavePosition(draft: Draft, job: OwnJob): void {
  const { held } = job
  if (held === null) return leaveLine(draft, job, false)
  draft.beside = draft.beside.remove(job.position, draft.owner)
  const pause = held.as === 'model_paused' ? pauseOf(draft, held.on) : undefined
  job.held = null
  if (pause === undefined) return
  setPause(draft, { ...pause, jobs: pause.jobs.remove(job.position, draft.owner) })
}

/** Pausing a model takes its jobs out of all lines, so that they reserve nothing. It costs as much as its line is long, and those beside it are many. */
export function pauseModel(draft: Draft, event: RecordedEvent & { readonly type: 'model_paused' }): void {
  const { model, reason, until, at } = event
  const known = pauseOf(draft, model)
  if (known !== undefined) stopLift(draft, known)
  const by = event.workerId ?? null
  const pause = { hash: hash(model), model, reason, until, since: at, by, jobs: known?.jobs ?? noPositions }
  setPause(draft, pause)
  const lift = liftOf(pause)
  if (lift !== null) draft.lifts = draft.lifts.insert(lift, draft.owner)
  for (const job of new Set(inLineFor(draft, model))) {
    const own = draft.edit(job)
    leaveLine(draft, own, false)
    takePosition(draft, own)
  }
  for (const position of [...draft.beside]) {
    const job = draft.jobs.get(position)
    if (job !== undefined && firstPause(draft, job.spec) !== undefined) {
      const own = draft.edit(job)
      leavePosition(draft, own)
      takePosition(draft, own)
    }
  }
}

/** The jobs in line that need a model, or are pinned to a place of this name. */
function* inLineFor(draft: Draft, name: string): Generator<Job> {
  const listed = draft.placed ? (placesOf(draft.policy, name) ?? []) : []
  for (const line of new Set([name, ...(draft.placed ? [name, ...listed].map(siteOf) : [])])) {
    for (const position of modelOf(draft, line).line) {
      const job = draft.jobs.get(position)
      if (job === undefined) continue
      if (line === name || line === siteOf(name) || job.spec.models.includes(name)) yield job
    }
  }
}

/** The jobs of the model stand in line again, each at its position, unless another of their models is paused. */
export function resumeModel(draft: Draft, pause: Pause): void {
  stopLift(draft, pause)
  draft.pauses = draft.pauses.remove(pause, draft.owner)
  const others = draft.placed ? openPlace(draft, pause.model) : []
  takePositions(draft, others.length === 0 ? pause.jobs : [...pause.jobs, ...others].sort(byPosition))
}

/** Jobs that need one of several places are held by the pause of the first of them, whichever is open again. */
function openPlace(draft: Draft, place: string): readonly LinePosition[] {
  draft.free(siteOf(place))
  const held = sitesNear(draft.policy, siteOf(place)).flatMap((site) => {
    const other = pauseOf(draft, placeOf(site))
    return other === undefined ? [] : letGo(draft, other)
  })
  return [...held, ...letGoBeside(draft)]
}

/** A pause holds no jobs any more: those that it held are to be put into line again, or beside it. */
export function letGo(draft: Draft, pause: Pause): readonly LinePosition[] {
  setPause(draft, { ...pause, jobs: noPositions })
  return [...pause.jobs]
}

/** Takes the jobs that stand beside the line without a pause from there: the caller puts each into line or beside it again. */
export function letGoBeside(draft: Draft): readonly LinePosition[] {
  const held = [...draft.beside]
  draft.beside = noPositions
  return held
}

/** Puts jobs into line again, or beside it: those that were held, and those in line that have to leave the places that they are pinned to. */
export function takePositions(draft: Draft, jobs: Iterable<LinePosition>): void {
  for (const position of jobs) {
    const job = draft.jobs.get(position)
    if (job === undefined) continue
    const own = draft.edit(job)
    const { places } = own
    if (isInLine(own)) leaveLine(draft, own, false)
    own.held = null
    takePosition(draft, own, places)
  }
}

function hold(draft: Draft, job: OwnJob, pause: Pause): void {
  job.held = { as: 'model_paused', on: pause.model }
  setPause(draft, { ...pause, jobs: pause.jobs.insert(job.position, draft.owner) })
}

function setPause(draft: Draft, pause: Pause): void {
  draft.pauses = draft.pauses.insert(pause, draft.owner)
}

function stopLift(draft: Draft, pause: Pause): void {
  const lift = liftOf(pause)
  if (lift !== null) draft.lifts = draft.lifts.remove(lift, draft.owner)
}

function liftOf({ hash, model, until }: Pause): ModelTimer | null {
  return until === null ? null : { at: until, hash, model }
}
