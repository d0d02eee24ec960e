/**
 * Fair share by use once more: whose turn it is by what keys have used, and which jobs a start passes then. In the words of
 * docs/inside/conflict-rules.md, counted again each time.
 */
import type { JobSpec, Policy } from '../../../../src/engine/core/index.ts'
import { isStartable, placeFor, placesToTake, reserves } from './admission.ts'
import {
  bypasses,
  capacity,
  type Entry,
  find,
  goesByUse,
  holdersOf,
  inOrder,
  isAhead,
  isHeldWhole,
  type KeyUse,
  lineOf,
  mayUse,
  placesFor,
  placesOf,
  type Queue,
  runningIn,
  sortedText,
  usedBy,
  useOf,
} from './queue.ts'
import { type Asking, byWarmth, hasRoom, notePass, type Pick, pickAmong } from './warm.ts'

const keyOf = ({ spec }: Entry): string => spec.fairKey ?? ''

/** That of the key, of its tier, of all others. */
const weightOf = ({ weights = {} }: Policy, key: string): number =>
  weights[key] ?? weights[`${/^[^/]*(?=\/)/.exec(key)?.[0]}/*`] ?? weights['*'] ?? 1

function useOfKey(queue: Queue, key: string): KeyUse {
  const known = queue.keyUses.find((use) => use.key === key)
  if (known !== undefined) return known
  const made: KeyUse = { key, settled: 0, typical: null }
  queue.keyUses.push(made)
  return made
}

/** What ended attempts have used, and what those that run are expected to use, over the weight. */
function timeOf(queue: Queue, key: string): number {
  const running = queue.jobs.filter((job) => job.active && !bypasses(job) && keyOf(job) === key)
  const expected = running.reduce((sum, job) => sum + job.expects, 0)
  return (
    (queue.keyUses.find((use) => use.key === key)?.settled ?? 0) +
    Math.ceil(expected / weightOf(queue.policy, key))
  )
}

/** A key that comes back into line has no credit from before: it begins with the least of those who need the same, else at the time of the queue. */
export function noteEntries(queue: Queue): void {
  const line = lineOf(queue)
  const stood = queue.stood?.map((jobId) => find(queue, jobId)).filter((job) => job !== undefined)
  if (goesByUse(queue.policy) && stood !== undefined) {
    const there = [...stood]
    for (const job of line.filter((one) => !stood.includes(one))) {
      const running = queue.jobs.filter((other) => other.active && !bypasses(other))
      const live = [...there, ...running]
      if (!live.some((other) => keyOf(other) === keyOf(job)))
        begin(
          queue,
          job,
          live.filter((other) => other.active || line.includes(other)),
        )
      there.push(job)
    }
  }
  queue.stood = line.map(({ jobId }) => jobId)
}

function begin(queue: Queue, job: Entry, live: readonly Entry[]): void {
  const near = live.filter(({ spec }) => spec.models.some((model) => job.spec.models.includes(model)))
  const least = Math.min(...near.map((other) => timeOf(queue, keyOf(other))))
  const use = useOfKey(queue, keyOf(job))
  use.settled = Math.max(use.settled, near.length === 0 ? queue.virtualNow : least)
}

/** What the job is expected to use: what its key used last, else what all used. One that only joins a batch uses nothing of its own. */
export function expectedOf(queue: Queue, job: Entry): number {
  if (!goesByUse(queue.policy) || bypasses(job)) return 0
  return queue.keyUses.find((use) => use.key === keyOf(job))?.typical ?? queue.typicalUse
}

export function noteStart(queue: Queue, job: Entry): void {
  if (!goesByUse(queue.policy) || bypasses(job)) return
  useOfKey(queue, keyOf(job))
  queue.virtualNow = Math.max(queue.virtualNow, timeOf(queue, keyOf(job)))
}

/** An attempt has ended at this time. */
export function noteEnd(queue: Queue, job: Entry, at: number): void {
  const isJoined = job.batch !== null && job.batch !== job.token
  if (!goesByUse(queue.policy) || bypasses(job) || isJoined) return
  const times = job.spec.models.map((model) => (job.gaveBackAt[model] ?? at) - job.startedAt)
  const used = times.length === 0 ? at - job.startedAt : times.reduce((sum, time) => sum + time, 0)
  const use = useOfKey(queue, keyOf(job))
  use.settled += Math.ceil(used / weightOf(queue.policy, use.key))
  use.typical = use.typical === null ? used : Math.round((use.typical * 3 + used) / 4)
  queue.typicalUse = queue.typicalUse === 0 ? used : Math.round((queue.typicalUse * 3 + used) / 4)
}

/** Other rules. What was used counts on, unless it does not count any more. */
export function changeTurns(queue: Queue, before: Policy): void {
  queue.stood = undefined
  if (goesByUse(before) && goesByUse(queue.policy)) return
  Object.assign(queue, { keyUses: [], virtualNow: 0, typicalUse: 0 })
}

const nameOf = ({ kind, models, whole, asks, uses, fairKey }: JobSpec): string =>
  sortedText([kind, models, whole, asks, uses, fairKey])

/** Of each sort of jobs with one key the first one in line. */
const firstsIn = (queue: Queue): readonly Entry[] => [
  ...new Map(
    lineOf(queue)
      .toReversed()
      .map((job) => [nameOf(job.spec), job]),
  ).values(),
]

/** Nobody joins a batch past one of its own key and sort. */
export const firstLike = (queue: Queue, job: Entry): Entry =>
  (goesByUse(queue.policy) && firstsIn(queue).find(({ spec }) => nameOf(spec) === nameOf(job.spec))) || job

export interface Turn extends Omit<Pick, 'places'> {
  readonly places: Entry['places']
  readonly virtualTime: number
}

/** The next one that this process takes: offers keep nothing, but those of jobs that were passed often enough, or that nobody took in time. */
export function nextTurn(
  queue: Queue,
  now: number,
  asking: Asking,
  isFor: (job: Entry) => boolean,
): Turn | undefined {
  const by = asking.worker
  const isKept = (job: Entry) => {
    const isLive = job.offeredAt !== null && now < job.offeredAt + queue.policy.offerMs * 1_000
    return !isLive || (queue.policy.maxOvertakes !== null && reserves(queue, job))
  }
  const view = { ...queue, jobs: queue.jobs.map((job) => (isKept(job) ? job : { ...job, offeredAt: null })) }
  const own = (job: Entry) => find(view, job.jobId) as Entry
  const open = firstsIn(queue).filter((job) => isFor(job) && isStartable(view, own(job), now, by))
  const byTurn = (a: Entry, b: Entry) => timeOf(queue, keyOf(a)) - timeOf(queue, keyOf(b)) || inOrder(a, b)
  const [job] = open.toSorted(byTurn)
  if (job === undefined) return undefined
  const virtualTime = timeOf(queue, keyOf(job))
  const beside = firstsIn(queue).filter((other) => keyOf(other) === keyOf(job))
  const wherever = (other: Entry) => {
    const isHere = (model: string, place: string) =>
      placeFor(view, { ...own(other), places: { [model]: place } }, model, now, by) === place
    const pairs = other.spec.models.flatMap((model) => {
      const open = placesFor(queue.policy, other.spec, model)?.filter((place) => isHere(model, place)) ?? []
      return byWarmth(queue, by, other, model, open)
        .slice(0, 1)
        .map((place) => [model, place] as const)
    })
    return Object.fromEntries(pairs)
  }
  const looks = beside.sort(inOrder).map((other) => {
    const isOpen = open.includes(other)
    const isBarrier = isOpen && (other.exclusive || other.spec.whole !== undefined || other.asker !== null)
    return { job: own(other), places: isOpen ? wherever(other) : undefined, isBarrier }
  })
  const picked = pickAmong(view, asking, looks)
  if (picked !== undefined) return { ...picked, job: find(queue, picked.job.jobId) as Entry, virtualTime }
  return { job, places: placesToTake(view, own(job), now, by) ?? null, virtualTime }
}

/** Of its key those ahead are passed that could have had room in this process, each the first of its sort. */
export function countPassedInKey(queue: Queue, asking: Asking, job: Entry): void {
  const ahead = firstsIn(queue).filter((other) => keyOf(other) === keyOf(job) && isAhead(other, job))
  for (const other of ahead) {
    const isOut = other.asker !== null || other.exclusive || other.spec.whole !== undefined
    if (!isOut && asking.runs(other.spec.kind) && hasRoom(queue, asking.worker, other))
      notePass(queue, asking, job, other)
  }
}

/** Who needs the same, or could have had the last slot with what nobody has: each the first of its sort. */
export function passedBy(
  queue: Queue,
  job: Entry,
  places: readonly string[],
  joins: boolean,
): readonly Entry[] {
  const { policy } = queue
  const plain = job.spec.models.filter((model) => placesOf(policy, model) === undefined)
  const isLast = !joins && !bypasses(job) && runningIn(queue).length + 1 >= (policy.maxActive ?? Infinity)
  const isFree = (model: string) =>
    placesOf(policy, model) === undefined &&
    !isHeldWhole(queue, model) &&
    holdersOf(queue, model).length < capacity(policy, model)
  return firstsIn(queue).filter(
    (other) =>
      isAhead(other, job) &&
      (plain.some((model) => other.spec.models.includes(model)) ||
        places.some((place) => mayUse(queue, other, place)) ||
        usedBy(queue, job).some((resource) => useOf(queue, other, resource) > 0) ||
        (isLast && other.spec.models.every(isFree))),
  )
}
