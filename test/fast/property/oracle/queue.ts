/**
 * The queue as the oracle sees it: one unordered list of jobs. Every question is answered by sorting and counting the
 * whole list, straight from the rules, with nothing kept from one question to the next. It shares types with the core
 * and, but to read a ledger, not one function.
 */
import {
  awaitsParents,
  hash,
  type Job,
  type JobSpec,
  type Ledger,
  type Policy,
  type ScheduleRule,
} from '../../../../src/engine/core/index.ts'

/** A job that another one comes after, in the life in which it was named; how it ended, null: it has not. */
export interface Link {
  readonly id: string
  readonly life: number
  readonly goesOn: boolean
  outcome: string | null
}

export interface Entry {
  readonly jobId: string
  readonly spec: JobSpec
  readonly queuedAt: number
  readonly exclusive: boolean
  /** By model: the place that it has, or that is kept for it while it is in line; null: it is neither, or none of its models has places. */
  places: Readonly<Record<string, string>> | null
  /** By model of which it takes all: the places that it has, or waits for in line. */
  wholes: Readonly<Record<string, readonly string[]>>
  priority: number
  level: number
  order: number
  tie: number
  active: boolean
  dueAt: number | null
  heldOn: string | null
  waitingSince: number
  attempt: number
  free: number
  token: number
  workerId: string | null
  startedAt: number
  /** What its attempt is expected to use. */
  expects: number
  /** The batch in which it runs. */
  batch: number | null
  /** What its attempt has given back. */
  gaveBack: readonly string[]
  gaveBackAt: Readonly<Record<string, number>>
  detachedUntil: number | null
  cancelRequested: boolean
  asker: string | null
  offeredAt: number | null
  overtaken: number
  /** While it is not with those that are like it: what has passed it since it came, or started last. */
  passed: readonly Passed[]
  readonly fairRank: number
  links: Link[]
  /** It waits for others: it is not due until it is released. */
  awaits: boolean
  failedBy: string | null
  /** Since when it is known what becomes of it; 0: it is not. */
  settledAt: number
  /** Since when its position counts. */
  since: number
}

/** A schedule is what was said of it last. */
export interface Timetable {
  readonly id: string
  readonly owner: string
  readonly rule: ScheduleRule
  readonly next: number | null
  readonly last: number | null
  readonly declaredAt: number
  readonly paused: boolean
}

/** A model, in a place or (null) somewhere in a process. */
export interface Load {
  readonly model: string
  readonly place: string | null
}

export interface Keeper {
  readonly worker: string
  readonly keeps: number
  /** Since when each is there; who was started last is last. */
  readonly loaded: readonly (Load & { readonly at: number })[]
}

/** A start, and where in line it came from. */
export interface Passed {
  readonly by: Pick<Entry, 'level' | 'order' | 'tie' | 'jobId'>
  readonly at: number
}

export interface Passer extends Passed {
  readonly likeness: string
}

export interface Used {
  readonly resource: string
  readonly window: number
  readonly at: number
  readonly amount: number
}

/** What jobs of one fair key have used, over its weight; and what its attempts took. */
export interface KeyUse {
  readonly key: string
  settled: number
  typical: number | null
}

export interface Queue {
  version: number
  epoch: number
  lastAt: number
  draining: boolean
  drained: boolean
  policy: Policy
  pauses: { readonly model: string; readonly reason: string; readonly until: number | null }[]
  /** What processes have said that they serve, each last said last. */
  servers: { readonly worker: string; readonly places: readonly string[] }[]
  /** Processes that keep models loaded, and what they have. */
  keepers: Keeper[]
  /** Those that started before others that are alike, since their models were loaded. */
  passers: Passer[]
  /** Who was in line at the last event, and what each of them was like; undefined: nobody was passed. */
  alike: Map<string, string> | undefined
  /** Starts from models that have a rate. */
  starts: { readonly model: string; readonly at: number }[]
  jobs: Entry[]
  /** What attempts that ended have used, once for each window of the resource. */
  used: Used[]
  keyUses: KeyUse[]
  /** The latest virtual time of a start, and what the attempts of all keys took. */
  virtualNow: number
  typicalUse: number
  /** Who stood in line when the last event had happened. */
  stood: readonly string[] | undefined
  /** Keys that jobs have until a time, whatever became of the jobs. */
  keys: { readonly key: string; readonly jobId: string; readonly queuedAt: number; readonly until: number }[]
  /** The batch that counts as over, to see what would come next. */
  spared?: number
  schedules: Timetable[]
  revisions: Readonly<Record<string, number>>
}

/** What a ledger says of each job, without any of its trees. */
export function queueOf(ledger: Ledger): Queue {
  const { version, epoch, lastAt, draining, drainedAt, policy, jobs } = ledger
  const entries = [...jobs].map((job) => {
    const { level, order, tie } = job.position
    const { jobId, spec, queuedAt, exclusive, priority, active, dueAt, held, waitingSince } = job
    const { attempt, free, places, batch } = job
    const { token, workerId, startedAt, detachedUntil, cancelRequested, asker, offeredAt, overtaken } = job
    return {
      expects: job.expects,
      gaveBackAt: Object.fromEntries((job.gaveBack ?? []).map((one) => [one.model, one.at])),
      ...{ jobId, spec, queuedAt, exclusive, priority, level, order, tie, active, dueAt },
      heldOn: held === null ? null : textOf(held),
      waitingSince,
      ...{
        places,
        wholes: job.wholes ?? {},
        attempt,
        free,
        token,
        workerId,
        startedAt,
        detachedUntil,
        cancelRequested,
        asker,
        offeredAt,
      },
      overtaken,
      passed: [],
      fairRank: job.fairRank,
      batch,
      gaveBack: (job.gaveBack ?? []).map(({ model }) => model),
      awaits: awaitsParents(job),
      ...flowOf(ledger, job),
    }
  })
  const pauses = [...ledger.pauses].map(({ model, reason, until }) => ({ model, reason, until }))
  const starts = [...ledger.models].flatMap(({ model, starts: times }) =>
    [...(times ?? [])].map((at) => ({ model, at })),
  )
  const used = [...ledger.models].flatMap(({ model, meter }) =>
    (meter?.ended ?? []).flatMap((ended, window) =>
      [...ended].slice(1).map(({ at, sum }, i) => {
        const before = [...ended][i]?.sum ?? 0
        return { resource: model.slice(1), window, at, amount: sum - before }
      }),
    ),
  )
  const keys = [...ledger.keys].flatMap(({ until, ...holder }) =>
    until === null ? [] : [{ ...holder, until }],
  )
  return {
    keys,
    version,
    epoch,
    lastAt,
    draining,
    drained: drainedAt !== null,
    policy,
    pauses,
    servers: [...ledger.servers],
    keepers: [...ledger.keepers],
    passers: [],
    alike: undefined,
    starts,
    used,
    keyUses: [...(ledger.fair?.keys ?? [])].map(({ key, settled, typical }) => ({ key, settled, typical })),
    virtualNow: ledger.fair?.now ?? 0,
    typicalUse: ledger.fair?.typical ?? 0,
    stood: [...ledger.line].map(({ jobId }) => jobId),
    jobs: entries,
    schedules: [...ledger.schedules].map(({ schedule: id, owner, rule, next, last, since, paused }) => ({
      ...{ id, owner, rule, next, last, declaredAt: since, paused },
    })),
    revisions: Object.fromEntries([...ledger.owners].map(({ owner, revision }) => [owner, revision])),
  }
}

/** What it comes after, as far as it was told. */
function flowOf(
  { flows }: Ledger,
  { hash, jobId, queuedAt }: { hash: number; jobId: string; queuedAt: number },
) {
  const own = flows.get({ hash, jobId })
  const open = [...(own?.open ?? [])].map(
    (one): Link => ({ id: one.jobId, life: one.life, goesOn: one.goesOn, outcome: null }),
  )
  const ended = [...(own?.ended ?? [])].map((one): Link => ({ ...one, id: one.jobId, life: 0 }))
  const { failedBy = null, settledAt = 0, releasedAt = 0 } = own ?? {}
  return {
    links: [...open, ...ended],
    failedBy,
    settledAt: releasedAt > 0 ? 0 : settledAt,
    since: releasedAt || queuedAt,
  }
}

/** To be changed while the queue stays as it is. What a job was asked for with, and the policy, are replaced as a whole or not at all. */
export function copyOf(queue: Queue): Queue {
  const { pauses, starts, used, keys, schedules } = queue
  const jobs = queue.jobs.map((job) => ({ ...job, links: job.links.map((link) => ({ ...link })) }))
  return {
    ...queue,
    schedules: [...schedules],
    pauses: [...pauses],
    servers: [...queue.servers],
    keepers: [...queue.keepers],
    passers: [...queue.passers],
    alike: queue.alike && new Map(queue.alike),
    starts: [...starts],
    used: [...used],
    keyUses: queue.keyUses.map((use) => ({ ...use })),
    keys: [...keys],
    jobs,
  }
}

/** The same text for the same content, in whatever order its fields are. */
export const sortedText = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort())
      : inner,
  )

export const sameJson = (a: unknown, b: unknown): boolean => sortedText(a) === sortedText(b)

export function find(queue: Queue, jobId: string): Entry | undefined {
  return queue.jobs.find((job) => job.jobId === jobId)
}

/** Those that wait for it, in the life that it has. */
export function childrenOf(queue: Queue, { jobId, queuedAt }: Entry): readonly Entry[] {
  const isTo = ({ id, life, outcome }: Link): boolean => id === jobId && life === queuedAt && outcome === null
  const children = queue.jobs.filter(({ links }) => links.some(isTo))
  return children.sort((a, b) => hash(a.jobId) - hash(b.jobId) || (a.jobId < b.jobId ? -1 : 1))
}

/** The job that has this key now; of several the one that came last. */
export function holderOf(queue: Queue, key: string, now: number): string | undefined {
  const live = queue.jobs.filter(({ spec, active }) => {
    const lasts = spec.dedupe?.debounce === undefined ? spec.dedupe?.while : 'waiting'
    return spec.dedupe?.key === key && (lasts === 'live' || (lasts === 'waiting' && !active))
  })
  const timed = queue.keys.filter((holder) => holder.key === key && holder.until > now)
  return [...live, ...timed].toSorted((a, b) => a.queuedAt - b.queuedAt).at(-1)?.jobId
}

export function inOrder(a: Entry, b: Entry): number {
  return a.level - b.level || a.order - b.order || a.tie - b.tie || (a.jobId < b.jobId ? -1 : 1)
}

export function isAhead(a: Entry, b: Entry): boolean {
  return a !== b && inOrder(a, b) < 0
}

/** A job without models bypasses: no model, no slot, no line. */
/** Fair keys take turns. In strict order nobody is passed. */
export const goesByUse = ({ weights, maxOvertakes }: Policy): boolean =>
  weights !== undefined && maxOvertakes !== 0

export function bypasses(job: Entry): boolean {
  return job.spec.models.length === 0 && !job.exclusive
}

export function needs(job: Entry, model: string): boolean {
  return job.spec.models.includes(model) && !job.gaveBack.includes(model)
}

export function shareModel(a: Entry, b: Entry): boolean {
  return a.spec.models.some((model) => needs(b, model))
}

/** Waiting, due, and none of its models is paused. */
export function isWaitingNow(job: Entry): boolean {
  return !job.active && job.dueAt === null && job.heldOn === null
}

const isPaused = ({ pauses }: Queue, name: string): boolean => pauses.some(({ model }) => model === name)

/** What keeps a job that fits no place. */
export const NOWHERE = '\u0002'

export interface Limit {
  readonly limit: number
  readonly perSeconds: number
  readonly counted?: 'atStart'
}

/** The limits of a resource; none: it has no limit. */
export function limitsOf({ uses = {} }: Policy, resource: string): readonly Limit[] {
  const rule = ruleOf(uses, resource)
  return rule === undefined ? [] : 'limit' in rule ? [rule] : rule
}

/** What jobs ask for counts at their start, and not for as long as they run. */
export const isAtStart = ({ counted }: Limit): boolean => counted === 'atStart'

/** What a job uses of a resource that has a limit, if it stands in line for anything. */
export const useOf = ({ policy }: Queue, job: Entry, resource: string): number =>
  bypasses(job) || limitsOf(policy, resource).length === 0 ? 0 : (job.spec.uses?.[resource] ?? 0)

export const usedBy = (queue: Queue, job: Entry): readonly string[] =>
  Object.keys(job.spec.uses ?? {}).filter((resource) => useOf(queue, job, resource) > 0)

/** Asks for more than there ever is of this resource. */
export const tooMuch = (policy: Policy, { uses = {} }: JobSpec): string | undefined =>
  Object.keys(uses).find((name) => limitsOf(policy, name).some(({ limit }) => (uses[name] ?? 0) > limit))

/** Begins what holds a job that asks for too much of a resource. */
export const OVER = '\u0003'

/**
 * What keeps it: no place for it; the first of its models that is paused, or the first place of one whose places are all paused; else the resource of which
 * it asks for too much.
 */
export function heldBy(queue: Queue, job: Entry): string | null {
  const over = tooMuch(queue.policy, job.spec)
  const isServed = crewsOf(queue, job).some((by) => isServedBy(queue, job, by))
  return pausedModel(queue, job) ?? (over === undefined ? (isServed ? null : NOBODY) : `${OVER}${over}`)
}

export function pausedModel(queue: Queue, job: Entry): string | null {
  if (fitsNowhere(queue.policy, job.spec)) return NOWHERE
  for (const name of job.spec.models) {
    const places = placesFor(queue.policy, job.spec, name)
    if (isPaused(queue, name)) return name
    if (places?.every((place) => isPaused(queue, place)) === true) return places[0] ?? null
  }
  return null
}

/** What holds a job, in one text. */
function textOf({ as, on }: NonNullable<Job['held']>): string {
  if (as === 'fits_no_place') return NOWHERE
  if (as === 'no_worker') return NOBODY
  return as === 'use_over_limit' ? `${OVER}${on}` : on
}

const NOBODY = 'nobody serves it'

/** No pause holds it: nobody serves it, or it asks for too much. */
export const isHeldByRules = ({ heldOn }: Entry): boolean =>
  heldOn === NOBODY || heldOn?.startsWith(OVER) === true

const isServedBy = (queue: Queue, job: Entry, by: string | undefined): boolean =>
  job.spec.models.every((model) => {
    const listed = placesOf(queue.policy, model)
    const fitting = placesFor(queue.policy, job.spec, model)
    return (
      listed === undefined ||
      takesAll(job, model) ||
      fitting?.some((place) => isOpenFor(queue, place, by)) === true
    )
  })

/** No process names a place that it serves. */
export const isOpen = ({ servers }: Queue): boolean => servers.every(({ places }) => places.length === 0)

/** Not paused, and served: by this process, if it has said anything, else by any; while nobody names a place, by all that have said nothing. */
export function isOpenFor(queue: Queue, place: string, by: string | undefined): boolean {
  if (isPaused(queue, place)) return false
  const own = queue.servers.filter(({ worker }) => worker === by)
  const asked = own.length === 0 ? queue.servers : own
  return (
    (own.length === 0 && isOpen(queue)) ||
    asked.some(({ places }) => places.some((name) => isLike(name, place)))
  )
}

const isLike = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name)

/** For which of the processes to look for places: all have to be served by one. Those first that serve what it is pinned to. */
export function crewsOf(queue: Queue, job: Entry, pins = job.places): readonly (string | undefined)[] {
  const placed = job.spec.models.filter(
    (model) => placesOf(queue.policy, model) !== undefined && !takesAll(job, model),
  )
  if (isOpen(queue) || placed.length < 2) return [undefined]
  const serves = ({ places }: Queue['servers'][number], place: string) =>
    places.some((name) => isLike(name, place))
  const own = Object.values(pins ?? {})
  const first = queue.servers.filter(
    (server) => own.length > 0 && own.every((place) => serves(server, place)),
  )
  const rest = queue.servers.filter((server) => !first.includes(server))
  return [...first, ...rest].map(({ worker }) => worker)
}

/** Its own rule, else that of the pattern with most text, of several with as much the shortest, then the first by name; `*` has no text. */
export function ruleOf<Rule>(rules: Readonly<Record<string, Rule>>, name: string): Rule | undefined {
  const text = (key: string) => key.split('*').join('')
  const [best] = Object.keys(rules)
    .filter((key) => key === name || (key.includes('*') && isLike(key, name)))
    .sort()
    .sort((a, b) => a.length - b.length)
    .sort((a, b) => text(b).length - text(a).length)
    .sort((a, b) => Number(b === name) - Number(a === name))
  return best === undefined ? undefined : rules[best]
}

/** The places of a model; undefined: it has a number of them. */
export function placesOf({ capacity: rules }: Policy, model: string): readonly string[] | undefined {
  const rule = ruleOf(rules, model)
  return typeof rule === 'object' ? rule : undefined
}

/** Those of them that the job could be in if nobody else were there. */
export const placesFor = (policy: Policy, spec: JobSpec, model: string): readonly string[] | undefined =>
  placesOf(policy, model)?.filter((place) =>
    areWithin(thereIs(policy, place), [wantedOf(policy, spec, model, place)]),
  )

export const mayUse = ({ policy }: Queue, job: Entry, place: string): boolean =>
  job.spec.models.some((model) => placesFor(policy, job.spec, model)?.includes(place))

type Amounts = Readonly<Record<string, number>>

/** Who has no units is there once. */
const thereIs = (policy: Policy, place: string): Amounts => ruleOf(policy.units ?? {}, place) ?? { once: 1 }

/** What a job wants of a place of this model: what it asks, else everything. */
const wantedOf = (policy: Policy, { asks }: JobSpec, model: string, place: string): Amounts =>
  asks?.[model] ?? thereIs(policy, place)

/** Of no unit more than there is. */
const areWithin = (units: Amounts, all: readonly Amounts[]): boolean =>
  [...new Set(all.flatMap((one) => Object.keys(one)))].every(
    (name) => all.reduce((sum, one) => sum + (one[name] ?? 0), 0) <= (units[name] ?? 0),
  )

/** For each job that it has, or is pinned to, what it takes of the place. */
const takenBy = (policy: Policy, { spec, places }: Entry, place: string): Amounts => {
  const asking = spec.models.find((model) => spec.asks?.[model] !== undefined)
  return asking !== undefined && places?.[asking] === place
    ? wantedOf(policy, spec, asking, place)
    : thereIs(policy, place)
}

/** Whether what the job wants there fits beside what these others take. */
export const fitsBeside = (
  { policy }: Queue,
  { spec }: Entry,
  model: string,
  place: string,
  others: readonly Entry[],
): boolean =>
  areWithin(thereIs(policy, place), [
    wantedOf(policy, spec, model, place),
    ...others.map((other) => takenBy(policy, other, place)),
  ])

/** How much is left of a place beside these; less than nothing: more is wanted than there is. */
export const leftOf = ({ policy }: Queue, place: string, unit: string, others: readonly Entry[]): number =>
  others.reduce(
    (left, other) => left - (takenBy(policy, other, place)[unit] ?? 0),
    thereIs(policy, place)[unit] ?? 0,
  )

/** It asks more than any place of the model has, or has two models whose places have units. */
export function fitsNowhere(policy: Policy, spec: JobSpec): boolean {
  const asking = spec.models.find((model) => spec.asks?.[model] !== undefined)
  if (asking === undefined) return false
  const measured = spec.models.filter((model) =>
    placesOf(policy, model)?.some((place) => ruleOf(policy.units ?? {}, place) !== undefined),
  )
  return !placesFor(policy, spec, asking)?.length || measured.some((model) => model !== asking)
}

export const isAt = ({ places, wholes }: Entry, place: string): boolean =>
  Object.values(places ?? {}).includes(place) || Object.values(wholes).some((all) => all.includes(place))

/** It takes all of the model, and has not given it back. */
export const takesAll = (job: Entry, model: string): boolean =>
  needs(job, model) && job.spec.whole?.includes(model) === true

/** All places of each model that it takes as a whole, by the rules of now. */
export const wholesOf = ({ policy }: Queue, { spec }: Entry): Entry['wholes'] =>
  Object.fromEntries(
    spec.models
      .filter((model) => spec.whole?.includes(model))
      .map((model) => [model, placesOf(policy, model) ?? []]),
  )

/** Somebody who runs has all of it. */
export const isHeldWhole = (queue: Queue, model: string): boolean =>
  runningIn(queue).some((job) => takesAll(job, model))

/** Places that some model has together with this one. */
export const nearPlaces = ({ policy }: Queue, place: string): readonly string[] =>
  Object.values(policy.capacity).flatMap((rule) =>
    typeof rule === 'object' && rule.includes(place) ? rule : [],
  )

/** Waiting and due, in line order. */
export function lineOf(queue: Queue): readonly Entry[] {
  return queue.jobs.filter((job) => isWaitingNow(job) && !bypasses(job)).sort(inOrder)
}

/** Active jobs that use a slot. Of a batch the first speaks for all. */
export function runningIn(queue: Queue): readonly Entry[] {
  const running = queue.jobs.filter((job) => job.active && !bypasses(job)).sort(inOrder)
  return running.filter(
    ({ batch }, i) =>
      batch === null || (batch !== queue.spared && running.findIndex((other) => other.batch === batch) === i),
  )
}

/** Of a model that has places: those that have it in none of these. */
export function holdersOf(queue: Queue, model: string): readonly Entry[] {
  const holders = runningIn(queue).filter((job) => needs(job, model))
  const listed = placesOf(queue.policy, model)
  return listed === undefined
    ? holders
    : holders.filter(({ places }) => !listed.includes(places?.[model] ?? ''))
}

export const holdersAt = (queue: Queue, place: string): readonly Entry[] =>
  runningIn(queue).filter((job) => isAt(job, place))

export function capacity(policy: Policy, model: string): number {
  const rule = ruleOf(policy.capacity, model) ?? 1
  return typeof rule === 'number' ? rule : rule.length
}
