import { joinLine, pin, quitLine } from '../needs/fit.ts'
import { reserveUses, withMeters } from '../needs/meter.ts'
import { countStart } from '../needs/starts.ts'
import { setReady } from '../needs/tally.ts'
import type { Draft } from '../state/draft.ts'
import { type Job, usesSlot } from '../state/job.ts'
import type { OwnJob } from '../state/own-job.ts'
import { setPlaces } from '../state/site.ts'
import type { Micros, Places } from '../values/job.ts'
import { capacityOf, rateOf } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import { holderOf } from './batch.ts'
import { joinClass, quitClass } from './classes.ts'
import { joinFairQueue, leaveFairQueue } from './fair-queue.ts'
import { endOffersFor, freeSlot, withdrawOffer } from './offers.ts'
import { reserves } from './overtaking.ts'

/** A waiting job that is due joins the lines it belongs to. */
export function enterLine(draft: Draft, job: OwnJob, before: Places | null = null): void {
  const { owner } = draft
  const { position } = job
  draft.arrive(position)
  joinClass(draft, job, owner)
  if (!usesSlot(job)) {
    draft.unbound = draft.unbound.insert(position, owner)
    return
  }
  if (draft.placed || job.spec.whole !== undefined) pin(draft, job, before)
  if (job.spec.uses !== undefined) job.needs = withMeters(draft.policy, job)
  draft.line = draft.line.insert(position, owner)
  joinFairQueue(draft, job)
  if (job.exclusive) draft.exclusives = draft.exclusives.insert(position, owner)
  for (const name of job.needs) {
    const model = draft.model(name)
    joinLine(draft, model, job)
    if (reserves(draft, job)) model.reserved = model.reserved.insert(position, owner)
    if (takesWhole(job, name)) model.whole = model.whole.insert(position, owner)
    draft.unsettleBehind(model, position)
  }
  draft.unsettle(position)
  draft.unsettleAfter(draft.line, position)
}

/** A job leaves its lines: it starts, ends, moves or is put off. A job that starts stays ahead of all behind it. */
export function leaveLine(draft: Draft, job: OwnJob, starts: boolean): void {
  const { owner } = draft
  const { position } = job
  if (draft.classes.size > 0) quitClass(draft, job, owner)
  withdrawOffer(draft, job, starts)
  setReady(draft, job, false)
  job.blockedBy = null
  job.blockedOn = null
  if (!usesSlot(job)) {
    draft.unbound = draft.unbound.remove(position, owner)
    return
  }
  draft.line = draft.line.remove(position, owner)
  leaveFairQueue(draft, job)
  if (job.exclusive) draft.exclusives = draft.exclusives.remove(position, owner)
  for (const name of job.needs) {
    const model = draft.model(name)
    quitLine(draft, model, job)
    if (reserves(draft, job)) model.reserved = model.reserved.remove(position, owner)
    if (!starts && takesWhole(job, name)) draft.leaveWhole(model, position)
    if (!starts) leftTo(draft, name, position)
  }
  const stoodElsewhere = job.places !== null || job.wholes !== null || job.spec.uses !== undefined
  if (stoodElsewhere) setPlaces(draft.policy, job, null, null)
  draft.unsettled.delete(position)
  if (starts) return
  if (job.exclusive) draft.wide = true
  draft.unsettleAfter(draft.line, position)
}

/** It stands under this name for all that there is. */
const takesWhole = ({ wholes }: Job, name: string): boolean => wholes !== null && Object.hasOwn(wholes, name)

/** It has started elsewhere than where it was pinned to: what it kept there is free for those behind it. */
export function leaveBehind(draft: Draft, { position }: Job, names: readonly string[]): void {
  for (const name of names) leftTo(draft, name, position)
}

function leftTo(draft: Draft, name: string, position: LinePosition): void {
  const model = draft.model(name)
  draft.free(name)
  draft.unsettleBehind(model, position)
  draft.forget(model)
}

/** A job in line takes its models: it is ahead of the same jobs as before, but no longer waits. */
export function takeModels(draft: Draft, job: Job, at: Micros): void {
  const { owner } = draft
  draft.active = draft.active.insert(job.position, owner)
  if (usesSlot(job)) {
    draft.slots = draft.slots.insert(job.position, owner)
    // The first job in line has no job ahead of it, but may wait for this one, which passed it.
    draft.unsettleAt(draft.line, 0)
  }
  if (job.exclusive) draft.alone++
  for (const name of job.needs) {
    const model = draft.model(name)
    model.holders = model.holders.insert(job.position, owner)
    countStart(draft, model, at)
    const free = capacityOf(draft.policy, name) - model.holders.size
    draft.unsettleAt(model.line, free)
    // Pinned to another place, it comes between those who are pinned to this one: the next behind it waited for one ahead of it.
    if (job.places !== null) draft.unsettleAfter(model.line, job.position)
    if (model.whole.size > 0) draft.unsettleAll(model)
  }
  if (job.places !== null) countStarts(draft, job, at)
  reserveUses(draft, job, at)
  endOffersFor(draft, job, at)
}

/** Rates are those of models, wherever these are. */
function countStarts(draft: Draft, { places }: Job, at: Micros): void {
  for (const name of Object.keys(places ?? {}))
    if (rateOf(draft.policy, name) !== undefined) countStart(draft, draft.model(name), at)
}

/** It starts in a batch, which has its models and a slot already. */
export function shareModels(draft: Draft, job: Job, at: Micros): void {
  draft.active = draft.active.insert(job.position, draft.owner)
  for (const name of job.needs) countStart(draft, draft.model(name), at)
  if (job.places !== null) countStarts(draft, job, at)
  reserveUses(draft, job, at)
  endOffersFor(draft, job, at)
}

/** It ends before others of its batch. If it has held the models for all, another one does from now on. */
export function leaveModels(draft: Draft, job: Job, holder: LinePosition): void {
  draft.active = draft.active.remove(job.position, draft.owner)
  if (draft.slots.get(job.position) === undefined) return
  draft.slots = replaced(draft, draft.slots, job.position, holder)
  unsettleAround(draft, draft.line, job.position, holder)
  for (const name of job.needs) {
    const model = draft.model(name)
    model.holders = replaced(draft, model.holders, job.position, holder)
    unsettleAround(draft, model.line, job.position, holder)
  }
}

const replaced = (
  { owner }: Draft,
  positions: Tree<LinePosition>,
  before: LinePosition,
  after: LinePosition,
): Tree<LinePosition> => positions.remove(before, owner).insert(after, owner)

/** The jobs that may wait for another one, now that `after` holds what `before` held: those behind both, and the first in line. */
function unsettleAround(
  draft: Draft,
  line: Tree<LinePosition>,
  before: LinePosition,
  after: LinePosition,
): void {
  draft.unsettleAfter(line, before)
  draft.unsettleAfter(line, after)
  draft.unsettleAt(line, 0)
}

export function giveBackModels(draft: Draft, job: Job): void {
  const { owner } = draft
  freeSlot(draft)
  draft.active = draft.active.remove(job.position, owner)
  if (usesSlot(job)) draft.slots = draft.slots.remove(job.position, owner)
  if (job.exclusive) {
    draft.alone--
    draft.wide = true
  }
  for (const name of job.needs) leaveHolders(draft, job, name)
  draft.unsettleAfter(draft.line, job.position)
  draft.unsettleAt(draft.line, 0)
}

/** What an active job has under this name is free. */
export function leaveHolders(draft: Draft, { position }: Job, name: string): void {
  const model = draft.model(name)
  model.holders = model.holders.remove(position, draft.owner)
  if (model.whole.size > 0) draft.leaveWhole(model, position)
  draft.free(name)
  draft.unsettleBehind(model, position)
  draft.unsettleAt(model.line, 0)
  draft.forget(model)
}

/** An active job has its models under other names, since the rules say of other models that they have places. */
export function holdOthers(draft: Draft, job: OwnJob): void {
  const before = job.needs
  setPlaces(draft.policy, job, job.places)
  const { needs } = job
  // Of a batch only one has them.
  if (job.batch !== null && holderOf(draft, job.batch)?.jobId !== job.jobId) return
  for (const name of before.filter((other) => !needs.includes(other))) {
    const model = draft.model(name)
    model.holders = model.holders.remove(job.position, draft.owner)
    draft.forget(model)
  }
  for (const name of needs.filter((other) => !before.includes(other))) {
    const model = draft.model(name)
    model.holders = model.holders.insert(job.position, draft.owner)
  }
}
