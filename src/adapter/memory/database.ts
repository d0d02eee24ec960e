import {
  type DataChange,
  defaultPolicy,
  type JobRow,
  type Json,
  type Micros,
  type RecordedEvent,
  type StateRow,
} from '../../core/index.ts'
import type { KnownCommand, SnapshotChunk, StoredSnapshot, WorkerBeat } from '../../port/index.ts'
import type { MemoryRequest } from './inbox.ts'

/** A row of `job_queue_workers`. */
export interface MemoryWorker {
  readonly beat: WorkerBeat
  readonly startedAt: Micros
  beatAt: Micros
  expiresAt: Micros
  dead: boolean
}

/** A row of `job_queue_data`. */
export interface MemoryData extends Readonly<Required<Omit<DataChange, 'jobId'>>> {
  readonly life: number | undefined
  readonly token: number
  readonly progress: Json
}

/** A row of `job_queue_snapshot_chunks`. */
export interface MemoryChunk extends SnapshotChunk {
  readonly writtenAt: Micros
}

/** What the tables hold of one queue. */
export interface MemoryQueue {
  readonly log: RecordedEvent[]
  /** What `voided` events say of others. */
  readonly voids: Map<number, { readonly [key: string]: unknown } | null>
  /** By their number. */
  readonly snapshots: StoredSnapshot[]
  /** Rows of `job_queue_snapshot_chunks`. */
  readonly chunks: MemoryChunk[]
  /** Events up to there were archived; of those up to `goneSeq` there is nothing to read. All stay in memory. */
  archivedSeq: number
  goneSeq: number
  /** When somebody began to cut the log, and has not done so yet. */
  cutClaimedAt: Micros
  readonly commands: Map<string, KnownCommand & { readonly seqs: number[] }>
  readonly jobs: Map<string, JobRow>
  readonly workers: Map<string, MemoryWorker>
  readonly data: Map<string, MemoryData>
  /** Rows of `job_queue_staged`, by command and job. */
  readonly staged: Map<string, Map<string, DataChange>>
  /** Up to which sequence number the ends of a job are not listed any more. */
  readonly dropped: Map<string, number>
  /** The sequence number of the last `queued` event of each job. */
  readonly lives: Map<string, number>
  /** Jobs that were made of a row, whichever life of theirs. */
  readonly ofRows: Set<string>
  /** By their ids, in the order in which they came. */
  readonly inbox: Map<string, MemoryRequest>
  readonly listeners: Set<() => void>
  /** Told that something has come into the inbox. */
  readonly intakes: Set<() => void>
  state: StateRow
  lastAt: Micros
  epoch: number
}

/** The tables. Several stores over one database act like several processes on one PostgreSQL. */
export interface MemoryDatabase {
  readonly now: () => Micros
  readonly queues: Map<string, MemoryQueue>
}

/** @param now the database's clock, in microseconds; tests put their own in */
export function memoryDatabase(now: () => Micros = () => Date.now() * 1_000): MemoryDatabase {
  return { now, queues: new Map() }
}

/** The queue of that name; the first use makes it. */
export function queueIn(database: MemoryDatabase, name: string): MemoryQueue {
  const known = database.queues.get(name)
  if (known) return known
  const made: MemoryQueue = {
    log: [],
    voids: new Map(),
    snapshots: [],
    chunks: [],
    archivedSeq: 0,
    goneSeq: 0,
    cutClaimedAt: 0,
    commands: new Map(),
    jobs: new Map(),
    workers: new Map(),
    data: new Map(),
    staged: new Map(),
    lives: new Map(),
    ofRows: new Set(),
    dropped: new Map(),
    inbox: new Map(),
    listeners: new Set(),
    intakes: new Set(),
    state: idleState(database.now()),
    lastAt: 0,
    epoch: 1,
  }
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
    drained_at: null,
    updated_at: now,
  }
}
