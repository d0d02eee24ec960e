import { type FairRows, fairRows } from '../../line/fair-queue.ts'
import { type MeterRow, meterRow } from '../../needs/meter.ts'
import type { Job } from '../../state/job.ts'
import type { JobClass, Ledger, Pause } from '../../state/ledger.ts'
import type { Model } from '../../state/model.ts'
import type { Keepers, Servers } from '../../state/serving.ts'
import type { Micros } from '../../values/job.ts'
import type { KeyHolder } from '../../values/position.ts'
import type { Schedule } from '../../values/schedule.ts'
import {
  type FlowRow,
  flowRow,
  type LinkRow,
  linksOf,
  type PropagatingRow,
  propagatingRow,
} from './flow-rows.ts'
import { LastInLine, type PassTuple, passTuple, rowOf, type SnapshotJobRow, withStanding } from './job-row.ts'
import { isSame, membershipOf, usualMembership } from './membership.ts'
import { contradiction, made, modelKeys, type Part, SNAPSHOT_SHAPE, snapshotKeys } from './parts.ts'

/**
 * A line of a snapshot. The first describes the queue, the last says that it is complete. Jobs come before what refers to them.
 */
export type SnapshotLine =
  | readonly ['queue', shape: number, plain: Pick<Ledger, Part<'plain'>>]
  | readonly ['jobs', readonly SnapshotJobRow[]]
  | readonly [
      'models',
      readonly (readonly [model: string, starts: readonly Micros[] | null, meter?: MeterRow])[],
    ]
  | readonly ['pauses', readonly Omit<Pause, 'hash' | 'jobs'>[]]
  | readonly ['shares', readonly (readonly [key: string, waiting: number, active: number])[]]
  | readonly [
      'keys',
      readonly (readonly [key: string, queuedAt: Micros, jobId: string, until: Micros | null])[],
    ]
  | readonly ['timers', Part<'modelTimers'>, readonly (readonly [at: Micros, model: string])[]]
  | readonly ['schedules', readonly Omit<Schedule, 'hash'>[]]
  | readonly ['owners', readonly (readonly [owner: string, revision: number])[]]
  | readonly ['servers', Servers]
  | readonly ['keepers', Keepers]
  | readonly ['passes', readonly PassRow[]]
  | readonly ['flows', readonly FlowRow[]]
  | readonly ['propagating', readonly PropagatingRow[]]
  | readonly ['links', readonly LinkRow[]]
  | readonly ['fair', FairRows]
  | readonly ['end', SnapshotSizes]

/** How many jobs and models there are, and how many jobs each part of the queue holds. */
export type SnapshotSizes = Readonly<
  Record<
    | ('jobs' | 'models' | 'pauses' | 'shares' | 'keys' | 'flows' | 'settled' | 'propagating')
    | Part<'positions'>
    | Part<'timers'>,
    number
  >
>

/** Jobs in one line: less than a millisecond of work, and small enough to be cut at. */
const BATCH = 100

/**
 * A ledger as lines, made one by one: the caller may do something else between two, since a ledger never changes. Values that a
 * reader would guess rightly are left out; no rule decides that. At an empty line you may pause. To go on you need the very
 * ledger that the first lines were made from.
 */
export function* snapshotLines(ledger: Ledger): Generator<SnapshotLine | null> {
  yield [
    'queue',
    SNAPSHOT_SHAPE,
    made(snapshotKeys.plain, (key) => ledger[key]) as Pick<Ledger, Part<'plain'>>,
  ]
  for (const rows of jobLines(ledger)) yield rows === null ? null : ['jobs', rows]
  for (const models of batches(ledger.models, (model) => isListed(model) && modelRow(model)))
    yield models === null ? null : ['models', models]
  for (const pauses of batches(ledger.pauses, pauseRow)) yield pauses === null ? null : ['pauses', pauses]
  for (const shares of batches(ledger.shares, ({ key, waiting, active }) => [key, waiting, active] as const))
    yield shares === null ? null : ['shares', shares]
  for (const keys of batches(ledger.keys, keyRow)) yield keys === null ? null : ['keys', keys]
  for (const key of snapshotKeys.modelTimers)
    for (const timers of batches(ledger[key], ({ at, model }) => [at, model] as const))
      yield timers === null ? null : ['timers', key, timers]
  for (const schedules of batches(ledger.schedules, ({ hash: _, ...schedule }) => schedule))
    yield schedules === null ? null : ['schedules', schedules]
  for (const owners of batches(ledger.owners, ({ owner, revision }) => [owner, revision] as const))
    yield owners === null ? null : ['owners', owners]
  if (ledger.servers.length > 0) yield ['servers', ledger.servers]
  if (ledger.keepers.length > 0) yield ['keepers', ledger.keepers]
  for (const rows of batches(ledger.classes, passRow)) yield rows === null ? null : ['passes', rows]
  for (const flows of batches(ledger.flows, flowRow)) yield flows === null ? null : ['flows', flows]
  for (const ends of batches(ledger.propagating, propagatingRow))
    yield ends === null ? null : ['propagating', ends]
  for (const links of batches(linksOf(ledger), (link) => link)) yield links === null ? null : ['links', links]
  if (ledger.fair !== null) {
    const { keys, ...times } = fairRows(ledger.fair)
    yield ['fair', { ...times, keys: [] }]
    for (const some of batches(keys, (key) => key))
      yield some === null ? null : ['fair', { ...times, keys: some }]
  }
  yield ['end', sizesOf(ledger)]
}

export function sizesOf(ledger: Ledger): SnapshotSizes {
  const { jobs, models, pauses, shares, keys, flows, settled, propagating } = ledger
  return {
    flows: flows.size,
    settled: settled.size,
    propagating: propagating.size,
    jobs: jobs.size,
    models: models.size,
    pauses: pauses.size,
    shares: shares.size,
    keys: keys.size,
    ...made([...snapshotKeys.positions, ...snapshotKeys.timers], (key) => ledger[key].size),
  }
}

/** Active jobs first, then those in line: each comes after the job it waits for, and a reader inserts at the end. */
function* jobLines(ledger: Ledger): Generator<readonly SnapshotJobRow[] | null> {
  const last = new LastInLine()
  const row = (job: Job | undefined): SnapshotJobRow | false => {
    if (job === undefined) return contradiction(ledger.version, 'a job in line is not among the jobs')
    const made = rowOf(job, last)
    last.add(job)
    const standing = membershipOf(ledger, job)
    return isSame(standing, usualMembership(ledger.policy, job)) ? made : withStanding(made, standing)
  }
  const { jobs, active, line } = ledger
  const isOther = (job: Job) => active.get(job.position) === undefined && line.get(job.position) === undefined
  yield* batches(active, (position) => row(jobs.get(position)))
  yield* batches(line, (position) => row(jobs.get(position)))
  if (jobs.size > active.size + line.size) yield* batches(jobs, (job) => isOther(job) && row(job))
}

/** Makes something of each item, a few at a time. `false` leaves an item out; null stands for a batch of those. */
function* batches<Item, Out>(
  items: Iterable<Item>,
  make: (item: Item) => Out | false,
): Generator<readonly Out[] | null> {
  let batch: Out[] = []
  let looked = 0
  for (const item of items) {
    const out = make(item)
    if (out !== false) batch.push(out)
    if (++looked % BATCH !== 0) continue
    yield batch.length === 0 ? null : batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Models that jobs need come with the jobs. Models are listed if something else is known of them. */
function isListed(model: Model): boolean {
  return model.starts !== null || model.meter !== null || modelKeys.every((key) => model[key].size === 0)
}

const modelRow = ({ model, starts, meter }: Model) => {
  const times = starts === null ? null : [...starts]
  return meter === null ? ([model, times] as const) : ([model, times, meterRow(meter)] as const)
}

/** A class that was passed, by one of its jobs, and the jobs that passed it. */
export type PassRow = readonly [jobId: string, passes: readonly PassTuple[]]

function passRow({ members, passes }: JobClass): PassRow | false {
  const first = members.min()
  if (first === undefined || passes.length === 0) return false
  return [first.jobId, passes.map(passTuple)]
}

const keyRow = ({ key, queuedAt, jobId, until }: KeyHolder) => [key, queuedAt, jobId, until] as const

const pauseRow = ({ model, reason, until, since, by }: Pause) => ({ model, reason, until, since, by })
