import type { Ledger } from '../../state/ledger.ts'
import { InterlockError } from '../../values/error.ts'

/**
 * The shape of a snapshot. It rises with every new part. A release that raises it upcasts lines of the shapes before where they are
 * decoded (events/snapshot-lines.ts): if the log was cut for good, the snapshot is all that is left of what came before.
 */
export const SNAPSHOT_SHAPE = 5

/** How JSON says that a job is between the end of an attempt and its `requeued`, in the middle of an append. */
export const BETWEEN = -1
/** How JSON says that it waits for jobs that it comes after. */
export const AWAITING = -2

/** How each part of a ledger is stored. A new part has to say so here, or nothing compiles. */
const parts = {
  version: 'plain',
  epoch: 'plain',
  lastAt: 'plain',
  draining: 'plain',
  drainedAt: 'plain',
  // Left out unless a schedule was removed.
  unscheduled: 'plain',
  policy: 'plain',
  // By the policy: a reader computes it.
  placed: 'derived',
  alone: 'plain',
  // By the jobs: a reader computes it.
  batches: 'derived',
  jobs: 'jobs',
  models: 'models',
  active: 'positions',
  slots: 'positions',
  line: 'positions',
  ready: 'positions',
  offered: 'positions',
  // By the kinds of jobs: a reader computes it.
  kinds: 'derived',
  unbound: 'positions',
  exclusives: 'positions',
  undue: 'timers',
  expiring: 'timers',
  deadlines: 'timers',
  offerTimes: 'timers',
  pauses: 'pauses',
  servers: 'servers',
  // By the jobs: a reader computes it.
  beside: 'derived',
  keepers: 'keepers',
  classes: 'passes',
  // By the classes: a reader computes it.
  heads: 'derived',
  lifts: 'modelTimers',
  windows: 'modelTimers',
  shares: 'shares',
  keys: 'keys',
  // Of the keys, those with an end.
  keyEnds: 'derived',
  schedules: 'schedules',
  owners: 'owners',
  // Each by its schedule, and by the jobs: a reader computes them.
  dueTimes: 'derived',
  fired: 'derived',
  flows: 'flows',
  // By the flows: a reader computes it.
  settled: 'derived',
  propagating: 'propagating',
  fair: 'fair',
} as const satisfies Readonly<Record<keyof Ledger, string>>

export type Part<Kind> = {
  [Key in keyof typeof parts]: (typeof parts)[Key] extends Kind ? Key : never
}[keyof typeof parts]
const keysOf = <Kind extends string>(kind: Kind) =>
  Object.entries(parts).flatMap(([key, own]) => (own === kind ? [key as Part<Kind>] : []))

/** The parts of a ledger by what they are, in the order in which a snapshot counts them. */
export const snapshotKeys = {
  plain: keysOf('plain'),
  positions: keysOf('positions'),
  timers: keysOf('timers'),
  modelTimers: keysOf('modelTimers'),
}

/** The parts of a model that hold positions of jobs, in the order in which a snapshot counts them. */
export const modelKeys = ['holders', 'line', 'reserved', 'offers'] as const

/** An object with a value for each of these names. */
export const made = <Key extends string, Out>(keys: readonly Key[], make: (key: Key) => Out) =>
  Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Out>

/** The snapshot at which the log was cut is the state of everything before it. Any other one only saves time. */
export const snapshotRemedy =
  'if the log was cut there, restore its row in interlock.job_queue_snapshots, and its rows in interlock.job_queue_snapshot_chunks, from a backup, else delete it: the log is folded instead'

export function contradiction(version: number, what: string): never {
  throw new InterlockError(
    'corrupt_log',
    `the snapshot at event ${version} contradicts itself (${what}); ${snapshotRemedy}`,
    { seq: version },
  )
}
