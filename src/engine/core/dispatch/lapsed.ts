import { keptBy } from '../needs/keeping.ts'
import { isOfferLive, lapsedJobs } from '../needs/offer-expiry.ts'
import { passOver } from '../needs/tally.ts'
import type { Draft } from '../state/draft.ts'
import { isInLine } from '../state/job.ts'
import { modelOf, noPositions, placesLeft } from '../state/ledger.ts'
import type { Model } from '../state/model.ts'
import type { OwnModel } from '../state/own-job.ts'
import type { Micros } from '../values/job.ts'
import { isMeter } from '../values/policy.ts'
import { earlier, type LinePosition } from '../values/position.ts'
import type { Cursor } from './cursor.ts'

/**
 * What is read in strict order while some offers have run out: the jobs whose models are free are known, and others may be startable behind jobs
 * whose offers ran out.
 */
export function* lapsedCursors(draft: Draft, now: Micros): Generator<Cursor> {
  for (const name of draft.wide ? lapsedModels(draft, now) : draft.freed) {
    const position = modelOf(draft, name).line.min()
    if (position !== undefined)
      yield { position, source: { of: 'lapsed', name }, next: nextBehind(draft, name, now) }
  }
  let passed = noPositions
  const next = (position: LinePosition) => {
    const job = draft.jobs.get(position)
    if (job !== undefined) passed = passOver(draft, job, passed, now)
    return earlier(draft.ready.after(position), passed.min())
  }
  const first = draft.ready.min()
  if (first !== undefined) yield { position: first, source: { of: 'ready' }, next }
}

/**
 * Models with offers that have run out and with jobs that may pass those. Asked only after a wide change: thousands of offers may have run
 * out, often of jobs without models, and every claim comes here.
 */
function lapsedModels(draft: Draft, now: Micros): Iterable<string> {
  if (draft.models.size < draft.offerTimes.size) {
    return [...draft.models]
      .filter((model) => !isMeter(model.model) && isPassed(draft, model) && hasLapsedOffer(draft, model, now))
      .map(({ model }) => model)
  }
  const names = new Set<string>()
  for (const { spec } of lapsedJobs(draft, now)) for (const name of spec.models) names.add(name)
  return [...names].filter((name) => isPassed(draft, modelOf(draft, name)))
}

function hasLapsedOffer(draft: Draft, { offers }: Model, now: Micros): boolean {
  for (const position of offers) {
    const job = draft.jobs.get(position)
    if (job !== undefined && !isOfferLive(draft, job, now)) return true
  }
  return false
}

/**
 * Whether a job in its line may pass one whose offer has run out. Only one of another kind may: jobs of one kind keep their order. So where
 * all are of one kind, as in most queues, there is nothing to look for.
 */
function isPassed(draft: Draft, model: Model): boolean {
  return model.line.size > model.offers.size && !isOfOneKind(draft, model)
}

/** By models that no draft writes to any more: with 1,000 of them a claim would go through 1,000 lines each time. */
const ofOneKind = new WeakMap<Model, boolean>()

function isOfOneKind(draft: Draft, model: Model): boolean {
  const known = ofOneKind.get(model)
  if (known !== undefined) return known
  const first = kindAt(draft, model.line.min())
  let is = true
  for (const position of model.line) {
    is = kindAt(draft, position) === first
    if (!is) break
  }
  if ((model as Partial<OwnModel>).owner !== draft.owner) ofOneKind.set(model, is)
  return is
}

const kindAt = (draft: Draft, position: LinePosition | undefined): string | undefined =>
  position === undefined ? undefined : draft.jobs.get(position)?.spec.kind

/** Goes along the line of a model until the jobs already met keep all its places. */
function nextBehind(draft: Draft, name: string, now: Micros): Cursor['next'] {
  const lapsed = new Set<string>()
  let kept = 0
  return (position) => {
    const model = modelOf(draft, name)
    const { line } = model
    const keeps = keptBy(model, position)
    const job = draft.jobs.get(position)
    if (job !== undefined && isInLine(job) && !isOfferLive(draft, job, now)) {
      if (job.offeredAt !== null) lapsed.add(job.spec.kind)
      if (!lapsed.has(job.spec.kind)) kept += keeps
    } else if (job !== undefined && isInLine(job)) kept += keeps
    return kept < placesLeft(draft.policy, model) ? line.after(position) : undefined
  }
}
