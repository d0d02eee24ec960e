import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Coordinator, Enqueued, ParentResult } from '../coordinator/index.ts'
import type { JobType, Json, Tries, Uses } from '../core/index.ts'
import type {
  AnyKinds,
  BareJobOf,
  EnqueueInput,
  GivenTo,
  JobIn,
  JobList,
  JobsIn,
  QueueContract,
  ResultIn,
  ReturnedBy,
} from '../events/index.ts'
import type { TransactionSql } from '../transaction/index.ts'
import type { BreakerOptions } from './breaker.ts'
import type { RetryRule } from './retry-delay.ts'

/** The job that a handler is given. */
export interface Job<Payload = unknown> extends Tries {
  readonly jobId: string
  readonly jobType: JobType
  readonly kind: string
  readonly models: readonly string[]
  /** The place of each of its models that has places by the policy: `CUDA_VISIBLE_DEVICES` from `job.places['flux-dev']`, say. */
  readonly places: Readonly<Record<string, string>>
  /** The same, and of a model that it has as `exclusive` all places: a list for each. */
  readonly allPlaces: Readonly<Record<string, readonly string[]>>
  /** What it was enqueued to use of which resources. */
  readonly uses: Uses
  readonly priority: number
  /** What was enqueued with it, after validation; null when there was nothing. */
  readonly payload: Payload
  /** The row of your `jobs` that it was made from. If a program enqueued the job, `coordinator.data` has the row that a server linked. */
  readonly row: Json
  /** What the last attempt that called `checkpoint` left behind; null when none did. */
  readonly checkpoint: Json
}

/** @typeParam Result what jobs of this kind result in */
export interface HandlerContext<Result = unknown> {
  /** Fires when the attempt has to stop; its reason is an {@link AttemptStopped}. Pass it to whatever you wait for. */
  readonly signal: AbortSignal
  /**
   * Grows with every start in this queue, also across the restore of a backup. Pass it to the service that you call: if that keeps
   * the greatest `fence` of a thing and refuses a smaller one, no late call of a lost attempt can change it.
   */
  readonly fence: string
  /** The number of this attempt's start in the log. It never repeats within an `epoch`, which grows when a backup is restored. */
  readonly fencingToken: number
  readonly epoch: number
  /**
   * The process renews the lease by itself. This confirms it now; call it before something that must not happen twice.
   * @throws AttemptStopped when the attempt is not ours any more
   */
  heartbeat(): Promise<void>
  /** Shown to people, kept until the job ends. @throws AttemptStopped when the attempt is not ours any more */
  progress(progress: Json): Promise<void>
  /**
   * Durable when it resolves, and given to the next attempt. Keep the id of a run at a provider in it: the next attempt then looks the run
   * up and does not pay for another one. @throws AttemptStopped when the attempt is not ours any more
   */
  checkpoint(checkpoint: Json): Promise<void>
  /**
   * Ends the attempt in the transaction that `sql` runs in: the end is committed with your other writes, or neither is. Call it last, then
   * commit, and return. Once called, only that end counts, whatever the handler returns: if it is not committed by then, the attempt has
   * failed (`completion_rolled_back`), and another one follows as after any failure. If the attempt is not ours any more, this call fails, or
   * the commit (SQLSTATE `JQ004`; `40001` under `REPEATABLE READ` and `SERIALIZABLE`). Needs PostgreSQL.
   * @param sql runs a statement in your transaction: `fromPg(client)`, see `interlock-queue/transaction`
   * @param result the job's result; what the handler returns does not count
   * @returns the result
   * @throws InterlockError `invalid_input`, `stale_token`; what your driver throws
   */
  completeIn<Said extends Result>(sql: TransactionSql, result: Said): Promise<Said>
  /**
   * What came of the jobs that this one comes after: their ids and how they ended; with `results: true` also what their handlers returned.
   * @throws InterlockError `parents_too_large` for results of more than 16 MB in all; `job_not_active` when the attempt has ended
   */
  parents(options?: { readonly results?: boolean | undefined }): Promise<readonly ParentResult[]>
  /**
   * Puts jobs in line that belong to the same flow: whatever comes after this job also comes after them, from this call on. In one append, and
   * only while the attempt is ours. A later attempt of the job may add the same again: those that are live are known.
   * @returns as `coordinator.enqueue`
   * @throws InterlockError as `coordinator.enqueue`; `job_not_active`, `stale_token`; `flow_cycle` if one of them would wait for what is to
   * wait for it
   */
  add(jobs: JobsIn<AnyKinds>): Promise<Enqueued>
  /**
   * Says how much the attempt has used of resources that its job names (`uses`): `{ 'openai-tpm': 2100 }`, whole numbers from 0. It counts when
   * the attempt ends, in the place of what was reserved; said again, the last word counts. What an attempt does not say counts as it was
   * reserved, and so does all of one that was lost. Say it before `completeIn`, which takes it along.
   * @throws InterlockError `invalid_input` for a resource that the job does not name
   */
  used(uses: Uses): void
  /**
   * The work goes on elsewhere and somebody else reports its end, from any process, under this fencing token. The job
   * keeps its models until `until`; the slot of this worker is free when the handler returns.
   */
  detach(options: { readonly until: Date }): Promise<void>
  /**
   * The attempt needs this model no more: it is free, with its place, and those that wait for it start in the same append. There is no way
   * back in this attempt; another attempt needs the whole set again. Called again for the same model, it does nothing.
   * @throws InterlockError `invalid_input` for a model that the job did not begin with, and in a batch (`inBatch`), whose jobs have their models
   * in common; `job_not_active`, `stale_token` when the attempt is not ours any more
   */
  done(model: string): Promise<void>
}

/** The same, in a queue with a contract. */
export interface TypedContext<Result, Kinds> extends HandlerContext<Result> {
  add(jobs: JobsIn<Kinds>): Promise<Enqueued>
  /** @typeParam Kind what you know them to be: `parents<'resize'>({ results: true })` */
  parents<Kind extends keyof Kinds & string = never>(options?: {
    readonly results?: boolean | undefined
  }): Promise<readonly ParentResult<ResultIn<Kinds, Kind>>[]>
}

/** Runs one attempt; what it returns (JSON), or resolves to, is the job's result. */
export type Handler<Payload = unknown, Result = unknown> = (
  job: Job<Payload>,
  context: HandlerContext<Result>,
) => Result | Promise<Result>

/** A handler that runs in a thread (`inThread` of `interlock-queue/threads`). The worker calls both. */
export interface ThreadHandler<Payload = unknown, Result = unknown> {
  (job: Job<Payload>, context: HandlerContext): Promise<Result>
  /** Ends the thread of the attempt that has this signal. Resolves when nothing of it runs any more. */
  kill(signal: AbortSignal): Promise<void>
  /** Ends the threads in which no handler runs. */
  close(): Promise<void>
}

/** What a handler of several jobs is given beside them. */
export interface BatchContext<Result = unknown> {
  /** Fires when all of them have to stop. Each has a signal of its own, see `of`. */
  readonly signal: AbortSignal
  /**
   * What a handler is given beside this one of the jobs: its own `signal`, `fence`, `progress`, `checkpoint` and so on.
   * @throws InterlockError `invalid_input` for a job that is not one of them
   */
  of(job: Pick<Job, 'jobId'>): HandlerContext<Result>
}

/**
 * Runs one attempt of each of these jobs, at once. It resolves to a `Map` with the result of each, by its id. An `Error` in the place of a
 * result fails that job alone, as if its handler had thrown it; so does no entry at all (`LeftOutError`). What it throws itself fails all.
 */
export type BatchRun<Payload = unknown, Result = unknown> = (
  jobs: readonly Job<Payload>[],
  context: BatchContext<Result>,
) => ReadonlyMap<string, Result | Error> | Promise<ReadonlyMap<string, Result | Error>>

/** A handler that takes several jobs at once (`inBatch`). Called with one job, it takes that alone. */
export interface BatchHandler<Payload = unknown, Result = unknown> {
  (job: Job<Payload>, context: HandlerContext): Promise<Result>
  /** How many at most. */
  readonly batchSize: number
  /** For the worker: one call for so many jobs. */
  together(count: number): BatchCall
}

/** One call for several jobs. It is made when each of them has joined, or will not. */
export interface BatchCall {
  /** @returns the result of the job */
  join(job: Job, context: HandlerContext): Promise<unknown>
  /** One of them will not join: its attempt was over before. */
  miss(): void
}

/** A handler that is given the payload as it was enqueued. */
export interface UncheckedHandler<Payload = unknown, Result = unknown> {
  readonly schema?: undefined
  /** What jobs of this kind need that are enqueued through the worker and name no models themselves. */
  readonly models?: readonly string[] | undefined
  readonly retry?: RetryRule | undefined
  readonly run: Handler<Payload, Result>
}

/** A handler with what it expects. */
export interface CheckedHandler<Payload = unknown, Result = unknown> {
  /** Any Standard Schema (zod, valibot, arktype): a payload that it refuses fails the job for good (`invalid_payload`). */
  readonly schema: StandardSchemaV1<unknown, Payload>
  /** What jobs of this kind need that are enqueued through the worker and name no models themselves. */
  readonly models?: readonly string[] | undefined
  readonly retry?: RetryRule | undefined
  /** Given what the schema makes of the payload. */
  readonly run: Handler<Payload, Result>
}

/** A handler with its schema, if it has one, and its rule for further attempts. */
export type HandlerDefinition<Payload = unknown, Result = unknown> =
  | CheckedHandler<Payload, Result>
  | UncheckedHandler<Payload, Result>

export interface JobWorkerOptions extends JobWorkerSettings {
  /** The coordinator through which it takes jobs. */
  readonly coordinator: Coordinator
  /** By kind: a function, or `{ schema, models, retry, run }`. `'*'` takes every kind that has no handler. */
  readonly handlers: Readonly<Record<string, AnyHandler>>
}

export interface JobWorkerSettings {
  /** Jobs at once in this process, 1 to 100,000. @defaultValue 1 */
  readonly concurrency?: number
  /**
   * The places that this process serves (docs/guides/gpus.md#hosts): names, or patterns such as `['host1:*']`, 100 at most. It is given no others; `[]`: only jobs that need no place. All workers of one coordinator share this setting.
   * @defaultValue every place that somebody serves
   */
  readonly serves?: readonly string[]
  /**
   * How many models this process keeps loaded, 1 to 1,000; of models with places, so many in each place. Under a policy with `warm` it prefers jobs whose models
   * it has loaded (docs/guides/gpus.md#loaded-models). All workers of one coordinator share this setting.
   * @defaultValue nobody knows
   */
  readonly keeps?: number
  /**
   * Take in new rows of `jobs` that are pending. If Interlock does not follow the table, the worker reports `not_migrated` (`onError`),
   * with what to type.
   * @defaultValue `false`
   */
  readonly intake?: boolean
  /**
   * The wait before another attempt, in milliseconds: the first one, the factor from one to the next, the longest, and the random part; or
   * a function of attempt and error. A handler may have its own.
   * @defaultValue `{ baseMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 }`
   */
  readonly retry?: RetryRule
  /**
   * `{ failures, pauseSeconds }`: pauses a model after so many failed attempts in a row on it
   * (docs/guides/providers.md#when-a-model-keeps-failing).
   * @defaultValue none
   */
  readonly breaker?: BreakerOptions
  /**
   * How long a handler may take to stop after a time-out or in a drain, in milliseconds. Then its attempt is ended without it. A cancelled
   * job waits for its handler until its `timeoutMs` and then `stopMs` are over.
   * @defaultValue 4,000
   */
  readonly stopMs?: number
  /**
   * True: an error that no handler catches (a rejection that is not awaited, a throw in a timer) fails its attempt, and does not end the
   * process.
   * @defaultValue `false`; `true` under `interlock work`
   */
  readonly catchUncaught?: boolean
  /**
   * Called with problems that you may have to act on, such as a database that takes no writes; not with errors of handlers.
   * @defaultValue the logger of the coordinator
   */
  readonly onError?: (error: unknown) => void
  /** Called for each attempt that was lost with the lease of this process. @defaultValue none */
  readonly onLeaseLost?: (job: {
    readonly jobId: string
    readonly fencingToken: number
    readonly fence: string
  }) => void
}

export interface DrainOptions {
  /** How long running jobs may go on, in milliseconds; 30,000. Then they are told to stop and given back, which costs no attempt. */
  readonly timeoutMs?: number
  /** How long a handler that was told to stop may take, instead of the worker's own `stopMs`; 0 waits for none. */
  readonly stopMs?: number
}

export interface DrainReport {
  /** Attempts that ended by themselves. Neither figure has attempts whose end could not be reported. */
  readonly finished: number
  /** Attempts that were given back to the line. */
  readonly givenBack: number
}

/** Plain numbers, since the start of this worker unless they say otherwise. */
export interface WorkerMetrics {
  /** Now. */
  readonly running: number
  readonly free: number
  readonly started: number
  readonly completed: number
  readonly failed: number
  /** Failed attempts after which another follows. */
  readonly retried: number
  /** Given back by `RetryLater`. */
  readonly postponed: number
  readonly cancelled: number
  readonly detached: number
  /** Attempts that others had ended, or that were lost with the lease. */
  readonly lost: number
  /** Handlers that went on after they were told to stop, and that are still running. */
  readonly stuck: number
  readonly takenIn: number
}

/** @typeParam Job what it may be asked to put in line */
export interface JobWorker<Job = EnqueueInput> {
  /** Begins to take jobs. */
  start(): void
  /**
   * Puts jobs in line, as `coordinator.enqueue` does; any worker may run them. One that names no models gets those that the handler of its
   * kind names.
   * @throws InterlockError as `coordinator.enqueue`
   */
  enqueue(jobs: Job | JobList<Job>): Promise<Enqueued>
  /**
   * Takes no new jobs and lets running ones end. At the deadline it stops them and gives them back. A second call with a shorter
   * `timeoutMs` moves the deadline. If the database does not answer, it resolves 2 s after the time to stop; jobs whose end it could
   * not report start again when the lease has run out.
   */
  drain(options?: DrainOptions): Promise<DrainReport>
  metrics(): WorkerMetrics
}

/** Jobs that a worker puts in line: of the kinds of its contract, else of those that it has handlers for. `*` takes every kind. */
export type JobFor<Contract, Made> = [Contract] extends [QueueContract<infer Kinds>]
  ? JobIn<Kinds>
  : string extends keyof Made
    ? EnqueueInput
    : Extract<keyof Made, '*' | JobType> extends never
      ? BareJobOf<keyof Made & string, unknown>
      : EnqueueInput

/** A method, so that a function of whatever payload fits where the kind does not say which. */
type AnyRun = { run(job: Job, context: HandlerContext): unknown }['run']

/** What a worker is given for one kind, whatever payload it expects. */
export type AnyHandler =
  | AnyRun
  | {
      readonly schema?: StandardSchemaV1 | undefined
      readonly models?: readonly string[] | undefined
      readonly retry?: RetryRule | undefined
      readonly run: AnyRun
    }

/** Runs one attempt of a job of a kind of these. */
export type RunOf<Kinds, Kind extends keyof Kinds> = (
  job: Job<GivenTo<Kinds, Kind>>,
  context: TypedContext<ReturnedBy<Kinds, Kind>, Kinds>,
) => ReturnedBy<Kinds, Kind> | Promise<ReturnedBy<Kinds, Kind>>

/** The same, with what goes with it. */
export interface DefinitionOf<Kinds, Kind extends keyof Kinds> {
  /** Asked in the place of the schema of the contract: it returns the payload of this kind. */
  readonly schema?: StandardSchemaV1<unknown, GivenTo<Kinds, Kind>> | undefined
  /** What jobs of this kind need that are enqueued through the worker and name no models themselves. */
  readonly models?: readonly string[] | undefined
  readonly retry?: RetryRule | undefined
  readonly run: RunOf<Kinds, Kind>
}

/** What runs jobs of a kind of these. */
export type HandlerOf<Kinds, Kind extends keyof Kinds> = RunOf<Kinds, Kind> | DefinitionOf<Kinds, Kind>

/**
 * Handlers by kind, each for the payload of its kind, and with its result. No other kinds are known, but for workflows, whose handler the
 * manager makes, and `*` for every other one.
 * @example export default { resize: (job) => job.payload.width } satisfies Handlers<Jobs>
 */
export type Handlers<Kinds> = {
  readonly [Kind in keyof Kinds | 'workflow' | '*']?: Kind extends keyof Kinds
    ? HandlerOf<Kinds, Kind>
    : AnyHandler
}

/** What the compiler says of a handler of a kind that is not in the contract. */
export interface NoSuchKind<Kind> {
  (job: Job, context: HandlerContext): unknown
  readonly isNotInTheContract: Kind
}

/**
 * Handlers as they are written. With a contract, each is that of its kind. Without, `Made` is found by the compiler, from the schema of each or
 * from what its function takes.
 */
export type HandlersFor<Contract, Made> = ([Contract] extends [QueueContract<infer Kinds>]
  ? Handlers<Kinds>
  : unknown) & {
  readonly [Kind in keyof Made]: [Contract] extends [QueueContract<infer Kinds>]
    ? KnownKind<Kinds, Kind>
    : Handler<Made[Kind]> | HandlerDefinition<Made[Kind]>
}

/** While the compiler looks for the kinds, it asks of any text. */
type KnownKind<Kinds, Kind> = string extends Kind
  ? unknown
  : Kind extends keyof Handlers<Kinds>
    ? unknown
    : NoSuchKind<Kind>
