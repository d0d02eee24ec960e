import type { Draft } from './draft.ts'
import type { RecordedEvent } from './event.ts'
import { hash } from './hash.ts'
import type { JobSpec } from './job.ts'
import { type LedgerView, modelOf, noPlaces, type Pause } from './ledger.ts'
import { enterLine, leaveLine } from './line.ts'
import type { OwnJob } from './own-job.ts'
import type { ModelTimer } from './place.ts'

/** The pause of a model; undefined while it is open. */
export function pauseOf(ledger: LedgerView, model: string): Pause | undefined {
  return ledger.pauses.size === 0 ? undefined : ledger.pauses.get({ hash: hash(model), model })
}

/** The pause of the job's first paused model, in the order in which it names them. */
export function firstPause(ledger: LedgerView, { models }: JobSpec): Pause | undefined {
  if (ledger.pauses.size === 0) return undefined
  for (const model of models) {
    const pause = pauseOf(ledger, model)
    if (pause !== undefined) return pause
  }
  return undefined
}

/** Puts a due job into line, or, while one of its models is paused, beside it, where it keeps nothing. */
export function takePlace(draft: Draft, job: OwnJob): void {
  const pause = firstPause(draft, job.spec)
  if (pause === undefined) enterLine(draft, job)
  else hold(draft, job, pause)
}

/** Takes a job that does not start out of its line, or from beside it. */
export function leavePlace(draft: Draft, job: OwnJob): void {
  const pause = job.heldOn === null ? undefined : pauseOf(draft, job.heldOn)
  if (pause === undefined) return leaveLine(draft, job, false)
  setPause(draft, { ...pause, jobs: pause.jobs.remove(job.place, draft.owner) })
  job.heldOn = null
}

/** Pausing a model takes its jobs out of all lines, so that they reserve nothing. It costs as much as its line is long. */
export function pauseModel(draft: Draft, event: RecordedEvent & { readonly type: 'model_paused' }): void {
  const { model, reason, until, at } = event
  const known = pauseOf(draft, model)
  if (known !== undefined) stopLift(draft, known)
  const by = event.workerId ?? null
  const pause = { hash: hash(model), model, reason, until, since: at, by, jobs: known?.jobs ?? noPlaces }
  setPause(draft, pause)
  const lift = liftOf(pause)
  if (lift !== null) draft.lifts = draft.lifts.insert(lift, draft.owner)
  for (const place of [...modelOf(draft, model).line]) {
    const job = draft.jobs.get(place)
    if (job === undefined) continue
    const own = draft.edit(job)
    leaveLine(draft, own, false)
    hold(draft, own, pauseOf(draft, model) ?? pause)
  }
}

/** The jobs of the model stand in line again, each at its place, unless another of their models is paused. */
export function resumeModel(draft: Draft, pause: Pause): void {
  stopLift(draft, pause)
  draft.pauses = draft.pauses.remove(pause, draft.owner)
  for (const place of pause.jobs) {
    const job = draft.jobs.get(place)
    if (job === undefined) continue
    const own = draft.edit(job)
    own.heldOn = null
    takePlace(draft, own)
  }
}

function hold(draft: Draft, job: OwnJob, pause: Pause): void {
  job.heldOn = pause.model
  setPause(draft, { ...pause, jobs: pause.jobs.insert(job.place, draft.owner) })
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
