import type { Knex } from 'knex'
/** A transaction of the program, by the query builder that all of them work with. */
export type Transaction = Knex.Transaction

/** A job of a measurement. */
export interface Task {
  /** Its number: of all jobs of a cell, in the order in which they are enqueued. */
  readonly n: number
  /** Jobs of one key run one at a time, in order; null: it may run beside any other. */
  readonly key: string | null
  /** All that the job shares with others, where that is more than its key; only Interlock knows sets. */
  readonly models?: readonly string[]
  /** Without a payload; ours only. */
  readonly isBare?: boolean
}

/** One process of a measurement. */
export interface Setting {
  /** Of a fresh database, or of a Redis. */
  readonly url: string
  /** Jobs at once in this process. */
  readonly slots: number
  /** Every key there is, where jobs have keys. */
  readonly keys: readonly string[]
  /** Which of so many processes this is, from 0. */
  readonly process: number
  readonly processes: number
  /** Takes in rows of the user's table `jobs`; ours only. */
  readonly intake?: boolean
  /** What handlers do; nothing unless given. */
  readonly labour?: Labour | undefined
  /** Takes jobs by many; as many as there are slots, or one by one, unless given. */
  readonly many?: Many | undefined
}

/** What is said for throughput, to those that have it. */
export interface Many {
  /** How many jobs a batch has. */
  readonly batch: number
  /** How many a process takes at once, for its slots and beyond. */
  readonly ahead: number
  /** A handler is called with a whole batch, where that is not so anyway. */
  readonly inBatch: boolean
}

/** A handler computes without a pause, or rests, for so many milliseconds. */
export type Labour = { readonly burnMs: number } | { readonly restMs: number }

/** What a handler is called with: the number of its job. It answers the result. */
export type Handle = (n: number) => object | Promise<object>

/** A connection of a peer: it enqueues, or works, or both. */
export interface Session {
  /** All of them in one call of the peer's, if it has one for many. */
  enqueue(tasks: readonly Task[]): Promise<unknown>
  /** In a transaction of the program; undefined: it cannot. */
  enqueueIn?(transaction: Transaction, task: Task): Promise<unknown>
  /** Begins to work; what it answers ends the work when the handlers that run have ended. */
  work(handle: Handle): Promise<() => Promise<unknown>>
  close(): Promise<unknown>
}

export type ManyRow = 'throughput' | 'in-batch'

export interface Peer {
  readonly name: string
  /** The package, as in package.json; undefined: it is ours. */
  readonly pack?: string
  /** How it is set up, and what of a measurement is different for it. */
  readonly how: string
  readonly on: 'postgres' | 'redis' | 'redis-always'
  /** Its sessions can enqueue in a transaction of the program. */
  readonly joinsTransactions?: boolean
  /** The rows of jobs by many that it is in: not those that measure it as another peer, or nothing of it. */
  readonly takesMany?: readonly ManyRow[]
  /** Left out of `--quick` unless it is named. */
  readonly variant?: boolean
  /** Why it cannot do a measurement with so many keys; undefined: it can. */
  cannot?(keys: number): string | undefined
  /** Makes its tables in an empty database. Once for all measurements, which then get a copy. */
  migrate(url: string): Promise<void>
  /** Changes its copy before a measurement. */
  change?(url: string): Promise<unknown>
  connect(setting: Setting): Promise<Session>
  /** Jobs that are not ended yet, where far more of them can be than there are slots when the last handler was called. */
  left?(url: string): Promise<number>
}

/** Why there is no figure; shown in its place. */
export class NotMeasured extends Error {
  override readonly name = 'NotMeasured'
}
