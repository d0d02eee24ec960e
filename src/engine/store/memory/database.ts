import {
  type DataChange,
  defaultPolicy,
  type JobRow,
  type JobTrace,
  type Json,
  type KnownOperator,
  type Micros,
  type OnceRecord,
  type RecordedEvent,
  type StateRow,
  type SubmittedCommand,
} from '../../core/index.ts'
import type {
  Concern,
  KnownCommand,
  NotedProgress,
  PublishedCommand,
  ReceivedAnswers,
  SnapshotChunk,
  StoreClock,
  StoredSnapshot,
  WorkerBeat,
} from '../index.ts'

/** A row of `job_queue_inbox`. */
export interface MemoryRequest {
  readonly command: Json
  readonly at: Micros
  answer: Json
  answeredAt: Micros
  takenUntil: Micros
}

/** A row of `job_queue_submissions`. */
export interface MemorySubmission {
  readonly jobId: string
  readonly job: Json
  readonly requestId: string
  readonly at: Micros
  takenUntil: Micros
  held: SubmittedCommand['held']
}

/** The row of `job_queue_inbox` of a large call. */
export interface MemoryCall {
  readonly digest: string
  readonly jobs: Map<string, 'submitted' | 'known' | 'cancelled'>
  /** The numbers of its submissions. */
  readonly ids: ReadonlySet<number>
}

/** A row of `job_queue_workers`. */
export interface MemoryWorker {
  readonly beat: WorkerBeat
  readonly startedAt: Micros
  beatAt: Micros
  expiresAt: Micros
  dead: boolean
  /** When the server began to serve on which the lease was last confirmed. */
  serverSince: Micros
}

/** A row of `job_queue_data`. */
export interface MemoryData extends Readonly<Required<Omit<DataChange, 'jobId' | 'trace'>>> {
  readonly trace: JobTrace | null
  readonly life: number | undefined
  readonly token: number
  readonly progress: Json
}

/** A row of `job_queue_snapshot_chunks`. */
export interface MemoryChunk extends SnapshotChunk {
  readonly writtenAt: Micros
}

/** What listeners are told of an append, or of commands that were carried out. `answered: null`: the combiner has resigned. */
export interface MemoryNotification {
  readonly concern?: Concern
  readonly answered?: readonly string[] | null
  readonly received?: ReceivedAnswers & { readonly to: string }
  readonly noted?: NotedProgress
}

/** A row of `job_queue_combiners`. */
export interface MemoryCombiner {
  readonly name: string | null
  readonly election: number
  readonly barren: number
  readonly oldest: number | null
}

/** A row of `job_queue_published`. */
export type MemoryPublished = PublishedCommand & { readonly place: number; readonly waitsUntil: Micros }

/** The tables of one queue. */
export type MemoryQueue = ReturnType<typeof emptyQueue>

type Void = { readonly [key: string]: unknown } | null
type KnownIds = KnownCommand & { readonly seqs: number[] }

const emptyQueue = (now: Micros) => ({
  log: [] as RecordedEvent[],
  /** What `voided` events say about other events. */
  voids: new Map<number, Void>(),
  /** By their number. */
  snapshots: [] as StoredSnapshot[],
  chunks: [] as MemoryChunk[],
  /** Events up to `archivedSeq` were archived. Those up to `goneSeq` cannot be read. All stay in memory. */
  archivedSeq: 0,
  goneSeq: 0,
  /** When a process claimed to cut the log; it has not finished. */
  cutClaimedAt: 0,
  commands: new Map<string, KnownIds>(),
  jobs: new Map<string, JobRow>(),
  workers: new Map<string, MemoryWorker>(),
  data: new Map<string, MemoryData>(),
  /** Rows of `job_queue_staged`, by command and job. */
  staged: new Map<string, Map<string, DataChange>>(),
  /** Rows of `job_queue_operators`, by worker id. */
  operators: new Map<string, KnownOperator>(),
  /** By job: ends up to this sequence number are no longer listed as dead letters. */
  dropped: new Map<string, number>(),
  /** Rows of `job_queue_once`, by job. */
  once: new Map<string, OnceRecord>(),
  /** By job: the sequence number of its last `queued` event. */
  lives: new Map<string, number>(),
  /** Jobs that were made from a row in any of their lives. */
  ofRows: new Set<string>(),
  /** By id, in the order in which they came. */
  inbox: new Map<string, MemoryRequest>(),
  /** Rows of `job_queue_submissions`, by id, in the order in which they came. */
  submissions: new Map<number, MemorySubmission>(),
  /** Jobs that were cancelled while they were submitted, and when. */
  cancelled: new Map<string, Micros>(),
  /** The id of the last of them. */
  submitted: 0,
  /** Large calls that were committed as submissions, by the ids of their requests. */
  calls: new Map<string, MemoryCall>(),
  /** Jobs whose notes are told to listeners. */
  watched: new Set<string>(),
  listeners: new Set<(said: MemoryNotification) => void>(),
  /** Called when something has come into the inbox. */
  intakes: new Set<() => void>(),
  /** The row of `job_queue_combiners`. */
  combiner: { name: null, election: 0, barren: 0, oldest: null } as MemoryCombiner,
  /** Rows of `job_queue_published`, in order. */
  published: [] as readonly MemoryPublished[],
  places: 0,
  state: idleState(now),
  lastAt: 0,
  epoch: 1,
})

/** The tables. Several stores over one database act like several processes on one PostgreSQL. */
export interface MemoryDatabase {
  readonly now: () => Micros
  /** Those that wait for a time wait for this one; undefined: for the machine's. */
  readonly clock?: StoreClock
  /** When it began to serve: a test that starts it again, or fails over, changes this. Nobody could renew a lease before. */
  since: Micros
  readonly queues: Map<string, MemoryQueue>
}

/**
 * @param time the database's clock, in microseconds; tests pass their own. One that can also call back (`StoreClock`) is the only time that
 *   there is: what waits for a time waits for it
 */
export function memoryDatabase(time: (() => Micros) | StoreClock = () => Date.now() * 1_000): MemoryDatabase {
  const own = { since: 0, queues: new Map() }
  return typeof time === 'function' ? { ...own, now: time } : { ...own, now: () => time.now(), clock: time }
}

/** The queue of that name. The first use creates it. */
export function queueIn(database: MemoryDatabase, name: string): MemoryQueue {
  const known = database.queues.get(name)
  if (known) return known
  const made = emptyQueue(database.now())
  database.queues.set(name, made)
  return made
}

export function idleState(now: Micros): StateRow {
  return {
    status: 'idle',
    version: 0,
    active_job_id: null,
    active_job_type: null,
    active_models: [],
    active_count: 0,
    waiting_count: 0,
    policy: defaultPolicy,
    servers: null,
    drained_at: null,
    updated_at: now,
  }
}
