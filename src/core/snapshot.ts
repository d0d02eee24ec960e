import { InterlockError } from './error.ts'
import { hash } from './hash.ts'
import type { Micros } from './job.ts'
import { emptyLedger, idleModel, type Job, type Ledger, noPlaces, type Pause } from './ledger.ts'
import type { Place, Timer } from './place.ts'
import { noStarts } from './rate.ts'
import type { Owner, Tree } from './tree.ts'

/** The shape of a snapshot. It rises with every part that is added: older ones are upcast, newer ones are not read. */
export const SNAPSHOT_SHAPE = 2

/** How JSON says that a job is between the end of an attempt and its `requeued`, in the middle of an append. */
const BETWEEN = -1

/** What becomes of each part of a ledger. A part that is added has to say so here, or nothing compiles. */
const parts = {
  version: 'plain',
  epoch: 'plain',
  lastAt: 'plain',
  draining: 'plain',
  drainedAt: 'plain',
  policy: 'plain',
  alone: 'plain',
  jobs: 'jobs',
  models: 'models',
  active: 'places',
  slots: 'places',
  line: 'places',
  ready: 'places',
  offered: 'places',
  unbound: 'places',
  exclusives: 'places',
  undue: 'timers',
  expiring: 'timers',
  deadlines: 'timers',
  offerTimes: 'timers',
  pauses: 'pauses',
  lifts: 'modelTimers',
  windows: 'modelTimers',
  shares: 'shares',
} as const satisfies Readonly<Record<keyof Ledger, string>>

type Part<Kind> = {
  [Key in keyof typeof parts]: (typeof parts)[Key] extends Kind ? Key : never
}[keyof typeof parts]
const keysOf = <Kind extends string>(kind: Kind) =>
  Object.entries(parts).flatMap(([key, own]) => (own === kind ? [key as Part<Kind>] : []))

/** The parts of a ledger that a snapshot has as lists by name. */
export const snapshotKeys = {
  places: keysOf('places'),
  timers: keysOf('timers'),
  modelTimers: keysOf('modelTimers'),
}

/** Jobs stand in it once; everything else names them by their place in that list. */
type Index = number

/**
 * A ledger as JSON. Every index of the ledger is written down as it is, not worked out anew, so that going on from a
 * snapshot is going on from the very ledger that it was made of.
 */
export interface LedgerSnapshot {
  readonly shape: number
  readonly plain: Pick<Ledger, Part<'plain'>>
  readonly jobs: readonly (Omit<Job, 'hash' | 'place'> & {
    readonly place: readonly [number, number, number]
  })[]
  readonly places: Readonly<Record<Part<'places'>, readonly Index[]>>
  readonly timers: Readonly<Record<Part<'timers'>, readonly (readonly [at: number, of: Index])[]>>
  readonly models: readonly {
    readonly model: string
    readonly holders: readonly Index[]
    readonly line: readonly Index[]
    readonly reserved: readonly Index[]
    readonly offers: readonly Index[]
    readonly starts: readonly Micros[] | null
  }[]
  readonly pauses: readonly (Omit<Pause, 'hash' | 'jobs'> & { readonly jobs: readonly Index[] })[]
  readonly shares: readonly (readonly [
    key: string,
    waiting: number,
    active: number,
    ready: readonly Index[],
  ])[]
  readonly modelTimers: Readonly<
    Record<Part<'modelTimers'>, readonly (readonly [at: number, model: string])[]>
  >
}

export function snapshotOf(ledger: Ledger): LedgerSnapshot {
  const all = [...ledger.jobs]
  const indexes = new Map(all.map((job, index) => [job.jobId, index]))
  const indexOf = ({ jobId }: { readonly jobId: string }): Index => indexes.get(jobId) ?? -1
  const list = (tree: Tree<Place>) => [...tree].map(indexOf)
  const pick = <Key extends keyof Ledger, Out>(keys: readonly Key[], made: (key: Key) => Out) =>
    Object.fromEntries(keys.map((key) => [key, made(key)])) as Record<Key, Out>
  return {
    shape: SNAPSHOT_SHAPE,
    plain: pick(keysOf('plain'), (key) => ledger[key]) as LedgerSnapshot['plain'],
    jobs: all.map(plainJob),
    places: pick(keysOf('places'), (key) => list(ledger[key])),
    timers: pick(keysOf('timers'), (key) =>
      [...ledger[key]].map((timer) => [timer.at, indexOf(timer)] as const),
    ),
    models: [...ledger.models].map(({ model, holders, line, reserved, offers, starts }) => ({
      ...{ model, holders: list(holders), line: list(line), reserved: list(reserved), offers: list(offers) },
      starts: starts === null ? null : [...starts],
    })),
    pauses: [...ledger.pauses].map(({ model, reason, until, since, by, jobs }) => ({
      ...{ model, reason, until, since, by, jobs: list(jobs) },
    })),
    shares: [...ledger.shares].map(
      ({ key, waiting, active, ready }) => [key, waiting, active, list(ready)] as const,
    ),
    modelTimers: pick(keysOf('modelTimers'), (key) =>
      [...ledger[key]].map(({ at, model }) => [at, model] as const),
    ),
  }
}

/** Without what is worked out from the id, and without whose draft it was. */
function plainJob(job: Job): LedgerSnapshot['jobs'][number] {
  const { hash: _, place, owner: __, ...rest } = job as Job & { readonly owner?: unknown }
  const dueAt = rest.dueAt === Number.POSITIVE_INFINITY ? BETWEEN : rest.dueAt
  return { ...rest, dueAt, place: [place.level, place.order, place.tie] }
}

/**
 * The ledger that a snapshot was made of.
 * @throws InterlockError `corrupt_log` when it contradicts itself
 */
export function ledgerFrom(snapshot: LedgerSnapshot): Ledger {
  const owner: Owner = {}
  const jobs = snapshot.jobs.map(jobFrom)
  const jobAt = (index: Index): Job => jobs[index] ?? contradiction(snapshot, `there is no job ${index}`)
  const tree = (indexes: readonly Index[]) =>
    indexes.reduce((grown, index) => grown.insert(jobAt(index).place, owner), noPlaces)
  const timers = (key: Part<'timers'>): Tree<Timer> =>
    snapshot.timers[key].reduce((grown, [at, of]) => {
      const { hash: key, jobId } = jobAt(of)
      return grown.insert({ at, hash: key, jobId }, owner)
    }, emptyLedger[key])
  const made = <Key extends keyof Ledger, Out>(keys: readonly Key[], make: (key: Key) => Out) =>
    Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Out>
  const ledger: Ledger = {
    ...snapshot.plain,
    ...made(keysOf('places'), (key) => tree(snapshot.places[key])),
    ...made(keysOf('timers'), timers),
    jobs: jobs.reduce((grown, job) => grown.insert(job, owner), emptyLedger.jobs),
    models: snapshot.models.reduce(
      (grown, { model, holders, line, reserved, offers, starts }) =>
        grown.insert(
          {
            ...idleModel(model),
            ...{ holders: tree(holders), line: tree(line), reserved: tree(reserved), offers: tree(offers) },
            starts: starts === null ? null : starts.reduce((all, at) => all.insert(at, owner), noStarts),
          },
          owner,
        ),
      emptyLedger.models,
    ),
    pauses: snapshot.pauses.reduce(
      (grown, pause) => grown.insert({ ...pause, hash: hash(pause.model), jobs: tree(pause.jobs) }, owner),
      emptyLedger.pauses,
    ),
    shares: snapshot.shares.reduce(
      (grown, [key, waiting, active, ready]) =>
        grown.insert({ hash: hash(key), key, waiting, active, ready: tree(ready) }, owner),
      emptyLedger.shares,
    ),
    ...made(keysOf('modelTimers'), (key) =>
      snapshot.modelTimers[key].reduce(
        (grown, [at, model]) => grown.insert({ at, hash: hash(model), model }, owner),
        emptyLedger[key],
      ),
    ),
  }
  return ledger.jobs.size === jobs.length ? ledger : contradiction(snapshot, 'a job is in it twice')
}

function jobFrom({ place: [level, order, tie], ...rest }: LedgerSnapshot['jobs'][number]): Job {
  const key = { hash: hash(rest.jobId), jobId: rest.jobId }
  const dueAt = rest.dueAt === BETWEEN ? Number.POSITIVE_INFINITY : rest.dueAt
  return { ...rest, ...key, dueAt, place: { ...key, level, order, tie } }
}

/** The one at which the log was cut is the state of everything before it; any other one only saves time. */
export const snapshotRemedy =
  'if the log was cut there, restore its row in job_queue_snapshots from a backup, else delete it: the log is folded instead'

function contradiction({ plain: { version } }: LedgerSnapshot, what: string): never {
  throw new InterlockError(
    'corrupt_log',
    `the snapshot at event ${version} contradicts itself (${what}); ${snapshotRemedy}`,
    { seq: version },
  )
}
