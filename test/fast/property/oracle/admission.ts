/** The admission rules once more, in the words of docs/inside/conflict-rules.md. */
import type { ReasonCode } from '../../../../src/engine/core/index.ts'
import {
  bypasses,
  capacity,
  crewsOf,
  type Entry,
  fitsBeside,
  holdersAt,
  holdersOf,
  inOrder,
  isAhead,
  isAt,
  isAtStart,
  isHeldWhole,
  isOpenFor,
  isWaitingNow,
  limitsOf,
  lineOf,
  NOWHERE,
  needs,
  OVER,
  pausedModel,
  placesOf,
  type Queue,
  ruleOf,
  runningIn,
  takesAll,
  usedBy,
  useOf,
} from './queue.ts'

/** A waiting job is startable iff the queue is not draining, it is due, a slot is free and so is each of its models. */
export function isStartable(queue: Queue, job: Entry, now: number, by?: string): boolean {
  if (!isWaitingNow(job) || queue.draining) return false
  return (
    bypasses(job) ||
    (hasSlot(queue, job, now) &&
      !isShareFull(queue, job, now) &&
      lackOf(queue, job, now) === undefined &&
      placesToTake(queue, job, now, by) !== undefined &&
      !job.spec.models.some((m) => isOverRate(queue, m, now)))
  )
}

/**
 * Where it would start, in this process or in any: all that it takes is served by one. Null: none of its models has places. Undefined: it
 * cannot start.
 */
export function placesToTake(
  queue: Queue,
  job: Entry,
  now: number,
  by?: string,
): Entry['places'] | undefined {
  const placed = job.spec.models.filter(
    (model) => placesOf(queue.policy, model) !== undefined && !takesAll(job, model),
  )
  const { models } = job.spec
  const crews = by === undefined ? crewsOf(queue, job) : [by]
  const crew = crews.findIndex((each) => models.every((model) => isFree(queue, job, model, now, each)))
  if (crew < 0) return undefined
  if (placed.length === 0) return null
  return Object.fromEntries(placed.map((m) => [m, placeFor(queue, job, m, now, crews[crew]) ?? '']))
}

/** It goes to the process that asked for it: that is alive, and what is free for the job is so there too. */
export function mayBeAskers(queue: Queue, job: Entry, now: number, dead: ReadonlySet<string>): boolean {
  const { asker } = job
  return asker !== null && !dead.has(asker) && isStartable(queue, job, now, asker)
}

/** Startable jobs that nobody was told of, in the order in which they are given away. */
export function startableIn(
  queue: Queue,
  now: number,
  dead: ReadonlySet<string> = new Set(),
): readonly Entry[] {
  // Offered to all, since its asker served none of the places that were free then.
  const isAskers = (job: Entry) =>
    queue.servers.length > 0 && job.places !== null && mayBeAskers(queue, job, now, dead)
  const waiting = queue.jobs.filter((job) =>
    job.offeredAt === null ? isStartable(queue, job, now) : isAskers(job),
  )
  return waiting.sort((a, b) => Number(bypasses(b)) - Number(bypasses(a)) || inOrder(a, b))
}

export function hasSlot(queue: Queue, job: Entry, now: number): boolean {
  const running = runningIn(queue)
  const ahead = lineOf(queue).filter((other) => isAhead(other, job))
  const offered = ahead.filter((other) => isOfferLive(queue, other, now))
  const alone = ahead.filter((other) => other.exclusive)
  if (running.some((other) => other.exclusive)) return false
  // One that was offered for long enough, and that nobody took, stops nobody.
  if (alone.some((other) => other.offeredAt === null || isOfferLive(queue, other, now))) return false
  const used = running.length + offered.length
  if (job.exclusive) return used === 0
  return queue.policy.maxActive === null || used < queue.policy.maxActive
}

export function isFree(queue: Queue, job: Entry, model: string, now: number, by?: string): boolean {
  if (takesAll(job, model)) return isAllFree(queue, job, model, now)
  if (isHeldWhole(queue, model)) return false
  if (placesOf(queue.policy, model) !== undefined) return placeFor(queue, job, model, now, by) !== undefined
  const ahead = lineOf(queue).filter((other) => isAhead(other, job) && needs(other, model))
  const reserving = ahead.filter((other) => keepsFrom(queue, other, job, ahead, now))
  if (reserving.some((other) => takesAll(other, model))) return false
  return holdersOf(queue, model).length + reserving.length < capacity(queue.policy, model)
}

/** Nobody has it, nobody is in one of its places, paused or not, and nobody ahead keeps any of that. */
function isAllFree(queue: Queue, job: Entry, model: string, now: number): boolean {
  const listed = placesOf(queue.policy, model)
  if (holdersOf(queue, model).length > 0 || listed?.some((place) => holdersAt(queue, place).length > 0))
    return false
  const ahead = lineOf(queue).filter((other) => isAhead(other, job))
  const lines = [
    ahead.filter((other) => (listed === undefined ? needs(other, model) : takesAll(other, model))),
    ...(listed ?? []).map((place) => ahead.filter((other) => isAt(other, place))),
  ]
  return lines.every((line) => !line.some((other) => keepsFrom(queue, other, job, line, now)))
}

/** Its own, or the first that is open, not held, and kept for nobody ahead. */
export function placeFor(
  queue: Queue,
  job: Entry,
  model: string,
  now: number,
  by?: string,
): string | undefined {
  const listed = placesOf(queue.policy, model) ?? []
  if (isTakenUp(queue, job, model, listed)) return undefined
  const own = listed.filter((place) => job.places?.[model] === place)
  return [...own, ...listed].find(
    (place) => isOpenFor(queue, place, by) && placeIn(queue, job, model, place, now),
  )
}

/** Not held, and kept for nobody ahead. */
export function placeIn(queue: Queue, job: Entry, model: string, place: string, now: number): boolean {
  const ahead = lineOf(queue).filter((other) => isAhead(other, job) && isAt(other, place))
  const keepers = ahead.filter((other) => keepsFrom(queue, other, job, ahead, now))
  return fitsBeside(queue, job, model, place, [...holdersAt(queue, place), ...keepers])
}

/** Who has the model, but none of these places, may be in any of them, and take all of it. */
function isTakenUp(queue: Queue, job: Entry, model: string, listed: readonly string[]): boolean {
  if (isHeldWhole(queue, model)) return true
  const elsewhere = holdersOf(queue, model).length
  const isOpen = (place: string) =>
    elsewhere > 0
      ? holdersAt(queue, place).length === 0
      : fitsBeside(queue, job, model, place, holdersAt(queue, place))
  return listed.filter(isOpen).length <= elsewhere
}

function isInUse(queue: Queue, job: Entry, model: string): boolean {
  const listed = placesOf(queue.policy, model)
  if (takesAll(job, model))
    return (
      holdersOf(queue, model).length > 0 ||
      listed?.some((place) => holdersAt(queue, place).length > 0) === true
    )
  if (isHeldWhole(queue, model)) return true
  if (listed === undefined) return holdersOf(queue, model).length >= capacity(queue.policy, model)
  const isOpen = (place: string) =>
    isOpenFor(queue, place, undefined) && fitsBeside(queue, job, model, place, holdersAt(queue, place))
  return isTakenUp(queue, job, model, listed) || !listed.some(isOpen)
}

/**
 * An offer keeps its place while it is live. Once it has run out, its job and those of its kind behind it keep what they reserve
 * from their own kind alone.
 */
function keepsFrom(queue: Queue, other: Entry, job: Entry, ahead: readonly Entry[], now: number): boolean {
  if (isOfferLive(queue, other, now)) return true
  const { kind } = other.spec
  const speaks = (at: Entry) => at.spec.kind === kind && at.offeredAt !== null && !isOfferLive(queue, at, now)
  const isLapsed = ahead.some((at) => speaks(at) && (at === other || isAhead(at, other)))
  return reserves(queue, other) && (!isLapsed || kind === job.spec.kind)
}

/** Of one key no more than `maxActive` are active, or offered ahead. */
export function isShareFull(queue: Queue, job: Entry, now: number): boolean {
  const { fairKey } = job.spec
  if (fairKey === null) return false
  const isFull = ({ keys, most }: { keys: (key: string) => boolean; most: number }) => {
    const own = queue.jobs.filter((other) => keys(other.spec.fairKey ?? '') && !bypasses(other))
    const offered = own.filter((other) => isAhead(other, job) && isOfferLive(queue, other, now))
    return own.filter((other) => other.active).length + offered.length >= most
  }
  return limitsFor(queue, fairKey).some(isFull)
}

const tierIn = (key: string): string | null => (key.includes('/') ? (key.split('/')[0] ?? null) : null)

/** Of which keys together so many may be active: of the key itself, and of its tier. */
export function limitsFor({ policy: { fairShare, tiers = {} } }: Queue, key: string) {
  const tier = tierIn(key)
  const rule = tier === null || !Object.hasOwn(tiers, tier) ? undefined : tiers[tier]
  return [
    { keys: (other: string) => other === key, most: rule?.maxActive ?? fairShare?.maxActive ?? Infinity },
    { keys: (other: string) => tierIn(other) === tier, most: rule?.maxTogether ?? Infinity },
  ]
}

/** No more than `starts` of them within `perSeconds`, both ends included. */
export function isOverRate({ policy, starts }: Queue, model: string, now: number): boolean {
  const rate = ruleOf(policy.rate, model)
  if (rate === undefined) return false
  const recent = starts.filter(
    (start) => start.model === model && now - start.at <= rate.perSeconds * 1_000_000,
  )
  return recent.length >= rate.starts
}

/** A resource of which there is not enough left for it. @param isAlone whether nobody else keeps any */
export function lackOf(queue: Queue, job: Entry, now: number, isAlone = false): string | undefined {
  return usedBy(queue, job).find((resource) => {
    const kept = isAlone ? 0 : keptOf(queue, job, resource, now)
    return limitsOf(queue.policy, resource).some((one, window) => {
      const { limit, perSeconds } = one
      const reserved = isAtStart(one) ? 0 : reservedOf(queue, resource)
      const wanted = useOf(queue, job, resource) + kept + reserved
      const recent = queue.used.filter(
        (use) =>
          use.resource === resource &&
          use.window === window &&
          now - use.at <= Math.ceil(perSeconds * 1_000_000),
      )
      return wanted + recent.reduce((sum, { amount }) => sum + amount, 0) > limit
    })
  })
}

const reservedOf = (queue: Queue, resource: string): number =>
  queue.jobs.filter(({ active }) => active).reduce((sum, job) => sum + useOf(queue, job, resource), 0)

/** For those ahead that only wait for it, or are offered; in bounded order for those that were overtaken often enough, or are offered. */
function keptOf(queue: Queue, job: Entry, resource: string, now: number): number {
  const ahead = lineOf(queue).filter((one) => isAhead(one, job) && useOf(queue, one, resource) > 0)
  const keepers = ahead.filter((other) => {
    if (other.offeredAt !== null) return keepsFrom(queue, other, job, ahead, now)
    const isLimited =
      isShareFull(queue, other, now) || other.spec.models.some((model) => isOverRate(queue, model, now))
    const isNext = queue.policy.maxOvertakes !== 0 || lackingModel(queue, other) === undefined
    return !isLimited && isNext && keepsFrom(queue, other, job, ahead, now)
  })
  return keepers.reduce((sum, other) => sum + useOf(queue, other, resource), 0)
}

/** Strict order: everybody. Bounded: those that were overtaken often enough. Greedy: nobody. */
export function reserves(queue: Queue, job: Entry): boolean {
  const { maxOvertakes } = queue.policy
  return maxOvertakes !== null && job.overtaken >= maxOvertakes
}

function isOfferLive(queue: Queue, job: Entry, now: number): boolean {
  return job.offeredAt !== null && now < job.offeredAt + queue.policy.offerMs * 1_000
}

/** Why it waits, by precedence. */
export function reasonFor(queue: Queue, job: Entry, now: number): ReasonCode {
  const { policy } = queue
  const { models } = job.spec
  if (queue.draining) return 'draining'
  if (job.awaits) return 'waits_for_parents'
  if (job.dueAt !== null) return 'not_due'
  if (job.heldOn === NOWHERE) return 'fits_no_place'
  if (job.heldOn?.startsWith(OVER) === true) return 'use_over_limit'
  if (job.heldOn !== null) return pausedModel(queue, job) === null ? 'no_worker' : 'model_paused'
  if (models.some((m) => isOverRate(queue, m, now)) || lackOf(queue, job, now) !== undefined)
    return 'rate_limited'
  if (!bypasses(job) && isShareFull(queue, job, now)) return 'fair_share_limit'
  if (models.some((m) => isInUse(queue, job, m))) return 'model_in_use'
  if (placesToTake(queue, job, now) === undefined) return 'behind_in_line'
  if (!bypasses(job) && !hasSlot(queue, job, now))
    return policy.maxActive === 1 ? 'serialized' : 'at_capacity'
  return 'offered'
}

export interface Blocked {
  readonly by: string | null
  readonly on: string | null
}

const nobody: Blocked = { by: null, on: null }

/**
 * The nearest live job ahead in the line of the first unavailable model, else in the line of the queue. A model counts
 * as unavailable when its holders and everybody ahead in its line fill it.
 */
export function blockerFor(queue: Queue, job: Entry): Blocked {
  if (job.awaits) return { by: firstParentOf(job), on: null }
  if (job.heldOn?.startsWith(OVER) === true) return nobody
  if (job.heldOn !== null) return { by: null, on: job.heldOn }
  if (job.active || job.dueAt !== null || bypasses(job)) return nobody
  const { maxActive, maxOvertakes, emptySet } = queue.policy
  // A job on offer waits for nobody, unless somebody came ahead of it in strict order.
  if (job.offeredAt !== null && maxOvertakes !== 0) return nobody
  const live = liveBeside(queue, job)
  const lacking = lackingModel(queue, job)
  if (lacking !== undefined) return { by: nearest(lacking.inLine, job), on: lacking.on }
  if (job.offeredAt !== null) return nobody
  const maySlotsLack = job.exclusive || maxActive !== null || emptySet === 'exclusive'
  return maySlotsLack ? { by: nearest(live, job), on: null } : nobody
}

/** The first of its models that those who have it and those ahead of it fill, with all who want it. */
function lackingModel(queue: Queue, job: Entry) {
  const live = liveBeside(queue, job)
  for (const on of job.spec.models) {
    if (takesAll(job, on)) {
      const line = linesOfAll(queue, job, live, on).find((one) =>
        one.some((other) => other.active || isAhead(other, job)),
      )
      if (line !== undefined) return { on, inLine: line }
      continue
    }
    const place = placesOf(queue.policy, on) === undefined ? undefined : (job.places?.[on] ?? '')
    const inLine = live.filter((other) => (place === undefined ? needs(other, on) : isAt(other, place)))
    const taken = inLine.filter((other) => other.active || isAhead(other, job))
    const isAllTaken = place === undefined && taken.some((other) => takesAll(other, on))
    const isOpen =
      place === undefined
        ? taken.length < capacity(queue.policy, on)
        : fitsBeside(queue, job, on, place, taken)
    if (isAllTaken || !isOpen) return { on, inLine }
  }
  return undefined
}

/** At each of its places, then of who has or wants all of it, or has it nobody knows where; of a model without places, of all. */
function linesOfAll(queue: Queue, job: Entry, live: readonly Entry[], model: string) {
  const listed = placesOf(queue.policy, model)
  if (listed === undefined) return [live.filter((other) => needs(other, model))]
  const unknown = holdersOf(queue, model)
  return [
    ...(job.wholes[model] ?? []).map((place) => live.filter((other) => isAt(other, place))),
    live.filter((other) => unknown.includes(other) || takesAll(other, model)),
  ]
}

/** Of those that have not ended, the one that was queued first. */
const firstParentOf = ({ links }: Entry): string | null =>
  links.filter(({ outcome }) => outcome === null).sort((a, b) => a.life - b.life)[0]?.id ?? null

const liveBeside = (queue: Queue, job: Entry): readonly Entry[] =>
  [...runningIn(queue), ...lineOf(queue)].filter((other) => other !== job)

/** Who is in its way at this moment, where the line alone does not say it. */
export function passerFor(queue: Queue, job: Entry, reason: ReasonCode, now: number): Blocked {
  if (reason === 'serialized' || reason === 'at_capacity')
    return { by: nearest(liveBeside(queue, job), job), on: null }
  const on = job.spec.models.find((model) => !isFree(queue, job, model, now)) ?? ''
  const place = job.places?.[on]
  const atAny = (other: Entry) =>
    (job.wholes[on] ?? []).some((one) => isAt(other, one)) || takesAll(other, on)
  const isPlaced = placesOf(queue.policy, on) !== undefined
  const waitsFor = (other: Entry) => {
    if (takesAll(job, on) && isPlaced) return atAny(other)
    return place === undefined ? needs(other, on) : isAt(other, place)
  }
  const keepers = lineOf(queue).filter(
    (other) => isAhead(other, job) && waitsFor(other) && (reserves(queue, other) || other.offeredAt !== null),
  )
  const unknown = place === undefined ? undefined : holdersOf(queue, on)[0]
  return { by: nearest(keepers, job) ?? unknown?.jobId ?? null, on }
}

/** The nearest ahead, waiting or active; where nobody is ahead, the one that came before its turn. */
function nearest(live: readonly Entry[], job: Entry): string | null {
  const ahead = live.filter((other) => isAhead(other, job)).sort(inOrder)
  const running = live.filter((other) => other.active).sort(inOrder)
  return (ahead.at(-1) ?? running[0])?.jobId ?? null
}
