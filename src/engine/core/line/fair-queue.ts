/**
 * Fair share by use: weighted fair queueing of fair keys (docs/inside/decisions/turns.md). Each key has a virtual time: what its
 * attempts have used, in microseconds of a model, over its weight. Among the first jobs of the keys the one whose key has the least is next.
 */

import type { Draft } from '../state/draft.ts'
import type { AlikeJobs, FairQueue, KeyUse } from '../state/fair-use.ts'
import { type Job, usesSlot } from '../state/job.ts'
import { type LedgerParts, type LedgerView, noPositions } from '../state/ledger.ts'
import { bounds, MICROS_PER_SECOND, type Micros } from '../values/job.ts'
import { numberText } from '../values/number-text.ts'
import { countsUse, type Policy, tierOf } from '../values/policy.ts'
import type { LinePosition } from '../values/position.ts'
import { Tree } from '../values/tree.ts'
import type { Compare, Owner } from '../values/tree-node.ts'
import { textInKey } from './alike.ts'

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byKey: Compare<Pick<KeyUse, 'key'>> = (a, b) => byText(a.key, b.key)
const byTime: Compare<Pick<KeyUse, 'key' | 'time'>> = (a, b) => a.time - b.time || byText(a.key, b.key)
const noneAlike = Tree.empty<AlikeJobs, Pick<AlikeJobs, 'name'>>((a, b) => byText(a.name, b.name))
const noKeys = Tree.empty<KeyUse, Pick<KeyUse, 'key'>>(byKey)
const noTimes = Tree.empty<KeyUse, Pick<KeyUse, 'key' | 'time'>>(byTime)
const emptyQueue: FairQueue = { now: 0, typical: 0, keys: noKeys, live: noTimes, idle: noTimes }

/** The weight of a key: its own, else that of its tier (`paid/*`), else that of all others (`*`), else 1. */
function weightOf({ weights = {} }: Policy, key: string): number {
  const tier = tierOf(key)
  const names = [key, ...(tier === null ? [] : [`${tier}/*`]), '*']
  const name = names.find((each) => Object.hasOwn(weights, each))
  return (name === undefined ? undefined : weights[name]) ?? 1
}

const fairKeyOf = ({ spec: { fairKey } }: Pick<Job, 'spec'>): string => fairKey ?? ''

type Fair = Pick<LedgerParts, 'fair' | 'policy'> & { readonly owner: Owner }

const isLive = ({ running, alike }: KeyUse): boolean => running.size + alike.size > 0

/** What is known of a key, if anything is. */
const useOf = ({ fair }: Pick<LedgerParts, 'fair'>, key: string): KeyUse | undefined =>
  fair?.keys.get({ key })

/** Of the jobs of a key the first of those that are alike. */
export const firstsIn = ({ jobs }: Pick<LedgerView, 'jobs'>, { alike }: KeyUse): readonly Job[] =>
  [...alike].flatMap(({ line }) => {
    const first = line.min()
    return (first && jobs.get(first)) ?? []
  })

/** Of the jobs of its key that are alike the first in line; where keys take no turns, and of one that uses no slot: the job itself. */
export function firstLike(ledger: LedgerView, job: Job): Job {
  const line = useOf(ledger, fairKeyOf(job))?.alike.get({ name: textInKey(job.spec) })?.line
  const first = line?.min()
  return (first && ledger.jobs.get(first)) ?? job
}

/** Of the key of a job that waits. */
export function firstsBeside(ledger: LedgerView, job: Job): readonly Job[] {
  const use = useOf(ledger, fairKeyOf(job))
  return use === undefined ? [] : firstsIn(ledger, use)
}

const unused = (key: string): KeyUse => ({
  key,
  settled: 0,
  expected: 0,
  time: 0,
  typical: null,
  running: noPositions,
  alike: noneAlike,
})

function changeUse(draft: Fair, key: string, to: (use: KeyUse) => Omit<KeyUse, 'time'>): void {
  const { fair, owner, policy } = draft
  if (fair === null) return
  const before = useOf(draft, key)
  let { live, idle } = fair
  if (before !== undefined && isLive(before)) live = live.remove(before, owner)
  else if (before !== undefined) idle = idle.remove(before, owner)
  const changed = to(before ?? unused(key))
  const after = { ...changed, time: changed.settled + Math.ceil(changed.expected / weightOf(policy, key)) }
  if (isLive(after)) live = live.insert(after, owner)
  else idle = idle.insert(after, owner)
  draft.fair = { ...fair, keys: fair.keys.insert(after, owner), live, idle }
  forgetLeast(draft, draft.fair)
}

/** Of too many keys that have nothing in line or running, the one that has used least is forgotten. */
function forgetLeast(draft: Fair, fair: FairQueue): void {
  const least = fair.idle.size > bounds.idleKeys ? fair.idle.min() : undefined
  if (least === undefined) return
  const [idle, keys] = [fair.idle.remove(least, draft.owner), fair.keys.remove(least, draft.owner)]
  draft.fair = { ...fair, idle, keys }
}

/**
 * A job comes into line. A key that had nothing there, and nothing running, gets no credit for that: it begins with the one that has used
 * least of those that need one of the same models; where there is none, at the time of the queue.
 */
export function joinFairQueue(draft: Draft, job: Job): void {
  if (draft.fair === null) return
  const key = fairKeyOf(job)
  const known = useOf(draft, key)
  const isThere = (known !== undefined && isLive(known)) || draft.left.has(key)
  const from = isThere ? 0 : startOf(draft, draft.fair, job)
  changeUse(draft, key, (use) => ({
    ...standing(use, job, draft.owner),
    settled: Math.max(use.settled, from),
  }))
}

function startOf(ledger: LedgerView, { live, now }: FairQueue, { spec: { models } }: Job): Micros {
  const needsSame = (position: LinePosition | undefined) =>
    position !== undefined &&
    ledger.jobs.get(position)?.spec.models.some((model) => models.includes(model)) === true
  for (const { time, alike, running } of live) {
    for (const { line } of alike) if (needsSame(line.min())) return time
    for (const position of running) if (needsSame(position)) return time
  }
  return now
}

function standing(use: KeyUse, job: Job, owner: Owner): KeyUse {
  const name = textInKey(job.spec)
  const line = (use.alike.get({ name })?.line ?? noPositions).insert(job.position, owner)
  return { ...use, alike: use.alike.insert({ name, line }, owner) }
}

export function leaveFairQueue(draft: Draft, job: Job): void {
  if (draft.fair === null) return
  const name = textInKey(job.spec)
  const { owner } = draft
  changeUse(draft, fairKeyOf(job), (use) => {
    const line = (use.alike.get({ name })?.line ?? noPositions).remove(job.position, owner)
    const alike =
      line.size === 0 ? use.alike.remove({ name }, owner) : use.alike.insert({ name, line }, owner)
    return { ...use, alike }
  })
  // With the same event it may come into line again, at another position.
  draft.left.add(fairKeyOf(job))
}

/** What an attempt of this job is expected to use: as the last ones of its key, else as those of all keys. */
export function expectedUse({ fair }: LedgerView, job: Job): Micros {
  return fair === null ? 0 : (fair.keys.get({ key: fairKeyOf(job) })?.typical ?? fair.typical)
}

/** What it is expected to use counts from its start on. Call it before the job leaves the line: its key is never idle in between. @param rides see {@link ridesAlong} */
export function beginUse(draft: Draft, job: Job, rides: boolean): void {
  const { fair, owner } = draft
  if (fair === null || !usesSlot(job)) return
  const time = useOf(draft, fairKeyOf(job))?.time ?? 0
  if (!rides) draft.fair = { ...fair, now: Math.max(fair.now, time) }
  changeUse(draft, fairKeyOf(job), (use) => running(use, job, owner))
}

const running = (use: KeyUse, job: Job, owner: Owner): KeyUse => ({
  ...use,
  expected: use.expected + job.expects,
  running: use.running.insert(job.position, owner),
})

/** What it did use counts from now on. */
export function endUse(draft: Draft, job: Job, at: Micros): void {
  if (draft.fair === null || !usesSlot(job)) return
  const { owner, policy } = draft
  const key = fairKeyOf(job)
  const rides = ridesAlong(job)
  const used = rides ? 0 : usedUntil(job, at)
  if (!rides) draft.fair = { ...draft.fair, typical: mixed(draft.fair.typical || null, used) }
  changeUse(draft, key, (use) => ({
    ...use,
    settled: use.settled + Math.ceil(used / weightOf(policy, key)),
    expected: use.expected - job.expects,
    typical: rides ? use.typical : mixed(use.typical, used),
    running: use.running.remove(job.position, owner),
  }))
}

/** Those that start in a batch behind its first one take neither models nor a slot: the first one is charged. */
const ridesAlong = ({ batch, token }: Job): boolean => batch !== null && batch !== token

/** Where the key of a waiting job stands, and how many keys go before it. None: no key takes turns, or the job stands in no line. */
export function turnTexts({ fair, policy }: LedgerView, job: Job): readonly string[] {
  const key = fairKeyOf(job)
  const own = fair === null || job.active ? undefined : fair.keys.get({ key })
  if (fair === null || own === undefined || own.alike.size === 0) return []
  const before = [...fair.live].filter(({ alike, time }) => alike.size > 0 && time < own.time).length
  const [name, seconds] = [
    key === '' ? 'jobs without a fair key' : key,
    Math.round(own.time / MICROS_PER_SECOND),
  ]
  const others = before === 0 ? 'no other that waits has' : `${numberText(before)} that wait have`
  return [
    `its turn: ${name} has used ${numberText(seconds)} s of models, over a weight of ${weightOf(policy, key)}, and ${others} used less`,
  ]
}

/** For how long it has had each of its models, all together; of one that runs alone: how long it ran. */
function usedUntil({ spec: { models }, gaveBack, startedAt }: Job, at: Micros): Micros {
  if (models.length === 0) return at - startedAt
  return models.reduce((sum, name) => {
    const until = gaveBack?.find(({ model }) => model === name)?.at ?? at
    return sum + until - startedAt
  }, 0)
}

const mixed = (before: Micros | null, last: Micros): Micros =>
  before === null ? last : Math.round((3 * before + last) / 4)

/** What follows from nothing else in the ledger: the two times, and of each key what it has used, and what its last attempts used. */
export interface FairRows {
  readonly now: Micros
  readonly typical: Micros
  readonly keys: readonly (readonly [key: string, settled: Micros, typical: Micros | null])[]
}

export const fairRows = ({ now, typical, keys }: FairQueue): FairRows => ({
  now,
  typical,
  keys: [...keys].map((use) => [use.key, use.settled, use.typical]),
})

/** The fair queue of a ledger whose other parts are complete; null: its policy has no weights. */
export function fairFrom(
  { policy, jobs, line, active }: Pick<LedgerParts, 'policy' | 'jobs' | 'line' | 'active'>,
  { now, typical, keys }: FairRows = { now: 0, typical: 0, keys: [] },
): FairQueue | null {
  if (!countsUse(policy)) return null
  const owner = {}
  const draft: Fair = { fair: { ...emptyQueue, now, typical }, policy, owner }
  for (const [positions, stand] of [
    [line, standing],
    [active, running],
  ] as const)
    for (const position of positions) {
      const job = jobs.get(position)
      if (job !== undefined && usesSlot(job))
        changeUse(draft, fairKeyOf(job), (use) => stand(use, job, owner))
    }
  for (const [key, settled, mean] of keys)
    changeUse(draft, key, (use) => ({ ...use, settled, typical: mean }))
  return draft.fair
}
