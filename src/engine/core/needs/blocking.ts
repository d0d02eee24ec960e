import type { Draft } from '../state/draft.ts'
import { isInLine, type Job, usesSlot } from '../state/job.ts'
import { type LedgerView, modelOf } from '../state/ledger.ts'
import { lastFitting, unitsAt } from '../state/room.ts'
import { modelAt } from '../state/site.ts'
import { isMeter, type Policy } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import { type AsOf, hasRoom, type Need } from './need.ts'
import { setReady } from './tally.ts'
import { thingNeed } from './things.ts'

/** The job that a waiting one is behind, and the model; `model` null: in the line of the whole queue. */
export interface Blocker {
  readonly jobId: string
  readonly model: string | null
}

/**
 * The first model of the job, or place that it is pinned to, that is full if all due jobs ahead in its line count beside its holders; undefined:
 * none is. It depends on the line alone, so one event changes the answer for at most one job per model.
 */
export function firstUnavailable(asOf: AsOf, job: Job): Need | undefined {
  for (const name of job.needs) {
    const need = isMeter(name) ? undefined : thingNeed(asOf.ledger.policy, job, name)
    if (need !== undefined && !hasRoom(asOf, need, job, 'ahead')) return need
  }
  return undefined
}

/** The nearest live job ahead of a due waiting job; undefined if it waits for none. */
export function blockerOf(ledger: LedgerView, job: Job): Blocker | undefined {
  return blockerOn(ledger, job, firstUnavailable(asFolded(ledger), job))
}

/** Who stands ahead does not depend on the time. */
const asFolded = (ledger: LedgerView): AsOf => ({ ledger, now: ledger.lastAt })

function blockerOn(ledger: LedgerView, job: Job, lacked: Need | undefined): Blocker | undefined {
  if (job.offeredAt !== null && !isBehindInOrder(ledger, lacked)) return undefined
  if (lacked !== undefined) {
    const { line, holders } = modelOf(ledger, lacked.name)
    return blockerIn(line, holders, job.position, modelAt(job, lacked.name))
  }
  return job.exclusive || limitsSlots(ledger.policy) ? slotBlockerOf(ledger, job) : undefined
}

/** An offered job waits for no other, unless one stands ahead of it in strict order, where all in line keep their models. */
function isBehindInOrder({ policy }: LedgerView, unavailable: Need | undefined): boolean {
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
  const unavailable = firstUnavailable(asFolded(draft), job)
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
