import type { Draft } from '../state/draft.ts'
import {
  isInLine,
  type Job,
  type LedgerView,
  type Model,
  modelOf,
  placesLeft,
  usesSlot,
} from '../state/ledger.ts'
import { lastFitting, unitsAt } from '../state/room.ts'
import { modelAt } from '../state/site.ts'
import { capacityOf, isMeter, type Policy } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import { setReady } from './fair-share.ts'

/** The job that a waiting one is behind, and the model; `model` null: in the line of the whole queue. */
export interface Blocker {
  readonly jobId: string
  readonly model: string | null
}

export const noModels: readonly string[] = []

/**
 * The first model of the job whose places are all taken, by holders and by due jobs ahead in line; undefined if each has a place
 * left. It looks at the line alone, as if every job reserved, so one event changes the answer for at most one job per model.
 * @param spared models of which one place that is held counts as free
 */
export function firstUnavailable(ledger: LedgerView, job: Job, spared = noModels): Model | undefined {
  for (const name of job.needs) {
    const model = modelOf(ledger, name)
    const units = ledger.policy.units === undefined ? undefined : unitsAt(ledger.policy, name)
    if (units !== undefined) {
      const last = lastFitting(ledger, model, units)
      if (last === undefined || byPosition(last, job.position) < 0) return model
      continue
    }
    if (model.whole.size > 0) {
      if (isShort(ledger.policy, model, job, spared.includes(name) ? 1 : 0)) return model
      continue
    }
    const free = capacityOf(ledger.policy, name) - model.holders.size + (spared.includes(name) ? 1 : 0)
    if (free <= 0) return model
    // Asks at the head of the line whether `free` jobs stand before it: the job's own part of a long line is seldom in the cache.
    const last = model.line.at(free - 1)
    if (last !== undefined && byPosition(last, job.position) < 0) return model
  }
  return undefined
}

/** The same where somebody has or wants all of the model: who wants all keeps all, and needs that nobody has it or is ahead. */
function isShort(policy: Policy, model: Model, { position }: Job, spare: number): boolean {
  const left = placesLeft(policy, model, spare)
  const ahead = model.line.rank(position)
  if (model.whole.get(position) !== undefined) return left < capacityOf(policy, model.model) || ahead > 0
  const first = model.whole.min()
  return left <= ahead || (first !== undefined && byPosition(first, position) < 0)
}

/** The nearest live job ahead of a due waiting job; undefined if it waits for none. */
export function blockerOf(ledger: LedgerView, job: Job): Blocker | undefined {
  return blockerOn(ledger, job, firstUnavailable(ledger, job))
}

function blockerOn(ledger: LedgerView, job: Job, model: Model | undefined): Blocker | undefined {
  if (job.offeredAt !== null && !isPassed(ledger, model)) return undefined
  if (model !== undefined)
    return blockerIn(model.line, model.holders, job.position, modelAt(job, model.model))
  return job.exclusive || limitsSlots(ledger.policy) ? slotBlockerOf(ledger, job) : undefined
}

/** An offered job waits for no other, unless one came ahead of it in strict order, where all in line keep their models. */
function isPassed({ policy }: LedgerView, unavailable: Model | undefined): boolean {
  return policy.maxOvertakes === 0 && unavailable !== undefined
}

/** Whether a job may have to wait for others although its models are free. */
export function limitsSlots({ maxActive, emptySet }: Policy): boolean {
  return maxActive !== null || emptySet === 'exclusive'
}

/** The nearest ahead in the line of the whole queue. */
export function slotBlockerOf({ line, slots }: LedgerView, { position }: Job): Blocker | undefined {
  return blockerIn(line, slots, position, null)
}

/**
 * The nearest job ahead that keeps a place of this model from the job right now, where jobs may overtake: it reserves or is
 * offered. `names`: under which the job stands for the model, if there are several.
 */
export function keeperOf(
  ledger: LedgerView,
  job: Job,
  name: string,
  names: readonly string[] = [name],
): Blocker | undefined {
  let ahead: LinePosition | undefined
  for (const each of names) {
    const { reserved, offers } = modelOf(ledger, each)
    ahead = later(ahead, later(reserved.before(job.position), offers.before(job.position)))
  }
  return ahead === undefined ? undefined : { jobId: ahead.jobId, model: modelAt(job, name) }
}

function blockerIn(
  line: Tree<LinePosition>,
  holders: Tree<LinePosition>,
  position: LinePosition,
  model: string | null,
): Blocker | undefined {
  const ahead = later(line.before(position), holders.before(position)) ?? holders.min()
  return ahead === undefined ? undefined : { jobId: ahead.jobId, model }
}

function later(a: LinePosition | undefined, b: LinePosition | undefined): LinePosition | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return byPosition(a, b) > 0 ? a : b
}

/**
 * Updates readiness and blockers of the jobs that the events since the last call may have changed. The result depends on the
 * state only, so you may call it after every event or once for many.
 */
export function settle(draft: Draft): void {
  if (draft.edges.size > 0) unsettleEdges(draft)
  for (const position of draft.open) {
    const job = draft.jobs.get(position)
    if (job !== undefined && standsAt(job, position)) settleJob(draft, job)
  }
  draft.unsettled.clear()
}

/** At a place with units one event may change the answer for many: those who fitted before, those who do now, and the next one. */
function unsettleEdges(draft: Draft): void {
  for (const [name, before] of draft.edges) {
    const units = unitsAt(draft.policy, name)
    const model = modelOf(draft, name)
    const last = later(before ?? undefined, units && lastFitting(draft, model, units))
    for (const position of model.line) {
      draft.unsettle(position)
      if (last === undefined || byPosition(position, last) > 0) break
    }
  }
  draft.edges.clear()
}

function standsAt(job: Job, position: LinePosition): boolean {
  return job.position === position && isInLine(job) && usesSlot(job)
}

/** Somebody came ahead of it on a model: what it kept of resources is free for those behind it, wherever they stand. */
function keepNoUses(draft: Draft, { needs, spec }: Job): void {
  if (spec.uses !== undefined) for (const name of needs.filter(isMeter)) draft.free(name)
}

function settleJob(draft: Draft, job: Job): void {
  const isOffered = job.offeredAt !== null
  const unavailable = firstUnavailable(draft, job)
  const ready = !isOffered && unavailable === undefined
  if (ready !== job.ready) {
    setReady(draft, draft.edit(job, true), ready)
    if (!ready) keepNoUses(draft, job)
  }
  const blocker = blockerOn(draft, job, unavailable)
  const blockedBy = blocker?.jobId ?? null
  const blockedOn = blocker?.model ?? null
  if (job.blockedBy === blockedBy && job.blockedOn === blockedOn) return
  const own = draft.edit(job)
  own.blockedBy = blockedBy
  own.blockedOn = blockedOn
}
