import { fitsBatch } from '../line/alike.ts'
import { areInSame } from '../line/batch.ts'
import { expectedUse, firstLike } from '../line/fair-queue.ts'
import { settle } from '../needs/blocking.ts'
import { type AsOf, hasRoom } from '../needs/need.ts'
import { hasLapsed } from '../needs/offer-expiry.ts'
import { placesToTake } from '../needs/places.ts'
import { passOver } from '../needs/tally.ts'
import { thingNeed } from '../needs/things.ts'
import { isHeldBack, mayStart } from '../needs/waits.ts'
import type { Draft } from '../state/draft.ts'
import { failedTimes, type Job, usesSlot } from '../state/job.ts'
import { nextOffered } from '../state/kinds.ts'
import { type LedgerView, modelOf, noPositions } from '../state/ledger.ts'
import { isSite, mayUse, placeOf, siteOf, sitesNear } from '../state/site.ts'
import type { Micros, Places } from '../values/job.ts'
import { capacityOf, placesOf } from '../values/policy.ts'
import { byPosition, earlier, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import type { Scribe } from './scribe.ts'

/** The most jobs that one command takes, whatever it claims: an append has limits. */
export const MOST_TAKEN = 1_000

/** How a job starts, if not by itself where the line has it. */
interface Start {
  /** In which it runs. */
  readonly batch?: number
  /** Where it starts; absent: where it is pinned to, or else where there is room. */
  readonly places?: Places | null | undefined
  /** The seconds of loading for which it passes others. */
  readonly warm?: number
  readonly without?: readonly string[]
  /** It is its turn: what its key has used. */
  readonly virtualTime?: number
}

export function startFor(
  scribe: Scribe,
  job: Job,
  workerId: string,
  { places: given, ...how }: Start = {},
): void {
  const { jobId, spec } = job
  const event = { type: 'started', jobId, workerId, attempt: job.attempt + 1, models: spec.models } as const
  const expects = scribe.draft.fair === null ? 0 : expectedOf(scribe.draft, job, how.batch)
  const places =
    job.places === null
      ? undefined
      : (given ?? placesToTake({ ledger: scribe.draft, now: scribe.now, by: workerId }, job))
  scribe.record({ ...event, ...(places && { places }), ...(expects > 0 && { expects }), ...how })
  scribe.started++
  settle(scribe.draft)
}

/** A job that joins a batch uses nothing of its own, nor does one without models. */
const expectedOf = (draft: Draft, job: Job, batch: number | undefined): number =>
  (batch !== undefined && batch <= draft.version) || !usesSlot(job) ? 0 : expectedUse(draft, job)

/**
 * Starts a job together with the next ones of its kind that need the same models, as many as one call of a handler takes. They take neither
 * models nor places nor a slot: the batch has them. Each is next in every line it stands in: it is the first behind the others that could start, should
 * the batch end now. Only what waits now starts; nothing waits for a batch to fill up. Where keys take turns nobody joins past one of its own key
 * and alike that the turn of the first has passed: that one joins, or the batch is closed.
 *
 * A job of which an attempt has failed or was lost runs alone: if one of a batch takes its process down, it shows which.
 */
export function startBatch(scribe: Scribe, head: Job, workerId: string, size: number, how: Start = {}): void {
  if (size < 2 || failedTimes(head) > 0 || head.spec.whole !== undefined)
    return startFor(scribe, head, workerId, how)
  const { draft, now } = scribe
  const batch = draft.version + 1
  startFor(scribe, head, workerId, { ...how, batch })
  const first = draft.jobs.get(head.position) ?? head
  const joins = (job: Job) => mayBeTogether(scribe, first, job) && mayJoin(draft, first, job, now, workerId)
  let last = head.position
  let left = size - 1
  for (
    let position = nextBehind(draft, first, last);
    position !== undefined && left > 0 && !scribe.isFull;
  ) {
    const job = draft.jobs.get(position)
    if (job !== undefined && joins(job)) {
      if (isAnyBetween(draft, first, last, position, now)) return
      const next = firstLike(draft, job)
      const isNext = next.jobId === job.jobId
      if (!isNext && !joins(next)) return
      startFor(scribe, next, workerId, { batch, places: first.places })
      left--
      // Who was passed comes first. Then this one is looked at again.
      if (!isNext) continue
      last = position
    } else if (!isFreeBehind(draft, first, position, now)) return
    position = nextBehind(draft, first, position)
  }
}

/** As if the batch of a job ended now. Shares and rates count its jobs nevertheless. */
const without = (ledger: LedgerView, spared: Job, now: Micros): AsOf => ({ ledger, now, spared })

/** Should the batch end now, the job could start, and just where the batch is. */
function mayJoin(draft: Draft, first: Job, job: Job, now: Micros, by: string): boolean {
  const { places } = first
  const view = without(draft, first, now)
  if (!mayStart(view, job)) return false
  if (places === null) return true
  // What it is pinned to it takes, if that is free for it.
  const taken = placesToTake({ ...view, by }, { ...job, places })
  return taken !== undefined && areInSame(job.spec.models, taken, places)
}

/**
 * The next job in the line of its first model, or in those of the places that this has; of jobs without models, the next one of its kind,
 * offered or not yet.
 */
function nextBehind(
  ledger: LedgerView,
  { spec, exclusive }: Job,
  position: LinePosition,
): LinePosition | undefined {
  const [first] = spec.models
  if (first === undefined)
    return exclusive
      ? undefined
      : earlier(nextOffered(ledger, [spec.kind], position), nextUnbound(ledger, spec.kind, position))
  const listed = placesOf(ledger.policy, first)
  if (listed === undefined) return modelOf(ledger, first).line.after(position)
  return listed
    .map((name) => modelOf(ledger, siteOf(name)).line.after(position))
    .reduce((next, other) => earlier(next, other), undefined)
}

/** A claim for loaded models comes before the offers of its append. */
function nextUnbound(
  { unbound, jobs }: LedgerView,
  kind: string,
  position: LinePosition,
): LinePosition | undefined {
  let next = unbound.after(position)
  while (next !== undefined && jobs.get(next)?.spec.kind !== kind) next = unbound.after(next)
  return next
}

/** Behind a job for which a model, or the place where it is, is not free there is none for others of its kind either. */
function isFreeBehind(ledger: LedgerView, head: Job, position: LinePosition, now: Micros): boolean {
  const [first] = head.needs
  if (first === undefined) return true
  return hasRoom(
    without(ledger, head, now),
    thingNeed(ledger.policy, head, first),
    { position, spec: head.spec },
    'kept',
  )
}

/** It may be given to the same handler together with the first one. A process that asked for it gets it alone. */
function mayBeTogether({ surroundings: { deadWorkers, heldBack } }: Scribe, head: Job, job: Job): boolean {
  const isAsked = job.asker !== null && !deadWorkers.has(job.asker)
  if (isAsked || heldBack?.has(job.jobId) === true) return false
  return fitsBatch(head.spec, job.spec) && !job.exclusive && failedTimes(job) === 0
}

/**
 * Should the batch end now, one between these two would start first: in the line of a model, at a place of the batch, or where the policy
 * limits slots in the line of the whole queue.
 */
function isAnyBetween(draft: Draft, first: Job, from: LinePosition, to: LinePosition, now: Micros): boolean {
  const { needs } = first
  const { maxActive, maxOvertakes } = draft.policy
  // A batch that has neither models nor a slot leaves nothing to others.
  if (needs.length === 0) return false
  // Nobody in strict order passes another one on a model that one job has at a time.
  const isStrict = maxOvertakes === 0 && !draft.placed && !hasLapsed(draft, now)
  if (isStrict && needs.every((name) => capacityOf(draft.policy, name) === 1))
    return maxActive !== null && isReadyBetween(draft, from, to, now)
  const lines: readonly LineAt[] =
    maxActive === null ? needs.flatMap((name) => linesFor(draft, name)) : [draft]
  const view = without(draft, first, now)
  return lines.some(({ line, place: site }) => {
    for (
      let position = line.after(from);
      position !== undefined && byPosition(position, to) < 0;
      position = line.after(position)
    ) {
      const job = draft.jobs.get(position)
      if (job?.offeredAt !== null || !mayStart(view, job)) continue
      if (site === undefined || mayUse(draft.policy, job, site)) return true
    }
    return false
  })
}

/** The same in strict order, where it is known who needs but a slot. */
function isReadyBetween(draft: Draft, from: LinePosition, to: LinePosition, now: Micros): boolean {
  let passed = noPositions
  for (let position = draft.ready.min(); position !== undefined && byPosition(position, to) < 0; ) {
    const job = draft.jobs.get(position)
    if (job === undefined) return false
    if (byPosition(position, from) > 0 && !isHeldBack({ ledger: draft, now }, job)) return true
    passed = passOver(draft, job, passed, now)
    position = earlier(draft.ready.after(position), passed.min())
  }
  return false
}

/** A line, perhaps with the place that some of those who stand there could use. */
interface LineAt {
  readonly line: Tree<LinePosition>
  readonly place?: string
}

/** Where those stand who could have this model, or this place. */
function linesFor(draft: Draft, name: string): readonly LineAt[] {
  if (!isSite(name)) return [modelOf(draft, name)]
  return sitesNear(draft.policy, name).map((site) => ({
    line: modelOf(draft, site).line,
    place: placeOf(name),
  }))
}
