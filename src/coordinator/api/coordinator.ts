import type { Observable } from 'rxjs'
import type { EnqueueInput, PolicyInput } from '../../codec/index.ts'
import type {
  Claim,
  Explanation,
  InterlockError,
  JobType,
  Lease,
  Ledger,
  Micros,
  QueueChange,
  RecordedEvent,
  RequeueReason,
  Started,
} from '../../core/index.ts'
import type { DeadJob, JobData } from '../../port/index.ts'
import type { Logger } from '../base/logger.ts'
import type {
  CompleteOptions,
  DeadChoice,
  DeadFilter,
  EndOptions,
  Enqueued,
  FailOptions,
  Health,
  NoteOptions,
  PauseOptions,
  StartAnswer,
  StartOptions,
  WorkflowConfig,
} from './calls.ts'
import type { MachineOptions, QueueMetrics, QueueView, RunningMachine } from './view.ts'
import type { Vitals } from './vitals.ts'

/** Decides which job may run now, together with all other processes on the same queue. */
export interface Coordinator {
  readonly queue: string
  readonly logger: Logger
  /** The incarnation of this process; changes when its lease is lost. */
  readonly workerId: string

  /** `steps[].default_model`, in order, without duplicates; warns and names the steps without one. */
  getWorkflowModels(config: WorkflowConfig): readonly string[]
  /**
   * The gate: may this job run now, here?
   * @throws InterlockError `invalid_input`, `job_exists`, `not_holder`; with `wait` also `job_not_live`, `closed`, and that of `stopped$`
   */
  onJobStart(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    options?: StartOptions,
  ): Promise<StartAnswer>
  /** The gate for a job that is live already; its spec stays as it is. @throws InterlockError `job_not_live`, `not_holder` */
  takeUp(jobId: string, options?: Pick<StartOptions, 'wait' | 'signal' | 'anew'>): Promise<StartAnswer>
  /** The attempt that runs here under this lease; undefined when it has ended, or runs elsewhere. */
  attempt(lease: Lease): Started | undefined
  /** Reports that the job has ended. @throws InterlockError `job_not_active`, `stale_token`, `not_holder`; `invalid_input` for a wrong job type */
  onJobComplete(jobId: string, jobType: JobType, options?: CompleteOptions): Promise<void>

  /** Puts jobs in line, all or none, with their payloads. @throws InterlockError `invalid_input`, `job_exists`, `models_required` */
  enqueue(jobs: readonly EnqueueInput[]): Promise<Enqueued>
  /** Starts jobs that may start, in line order: at most `max` jobs (and 1,000 in one call), of these kinds (null: any). */
  claim(claim: Claim): Promise<readonly Started[]>
  /** Ends an attempt. With `claim`, jobs that this makes startable start here, in the same append. */
  complete(lease: Lease, options?: EndOptions): Promise<readonly Started[]>
  /**
   * Ends an attempt that failed.
   * @throws InterlockError `invalid_input` for a `code` that is none, and a `retryAt` that is no Date between 1970 and 2255
   */
  fail(lease: Lease, options?: FailOptions): Promise<readonly Started[]>
  /**
   * Gives an attempt back to the line. It costs an attempt only for the reasons `retry` and `lease_expired`. With `models` the next
   * attempt needs these instead of those it had; the job keeps its place. `runAt`: a Date between 1970 and 2255.
   * @throws InterlockError `invalid_input`
   */
  release(
    lease: Lease,
    reason: RequeueReason,
    runAt?: Date | null,
    options?: { readonly claim?: Claim | undefined; readonly models?: readonly string[] | undefined },
  ): Promise<readonly Started[]>
  /** Confirms a lease now: false when the attempt is not this process's any more. @throws InterlockError `store_unavailable` */
  heartbeat(lease: Lease): Promise<boolean>
  /**
   * What is kept of these jobs beside the log (payload, result, error, checkpoint, progress, the row of `jobs`): one entry
   * for each id, in the order given; 1,000 ids at most.
   */
  data(jobIds: readonly string[]): Promise<readonly JobData[]>
  /**
   * The same of a job that this process runs. The first call uses the data that came with its start, without its row, and asks no store.
   * Later calls in one turn of the event loop are read together. Undefined: there is no data of such a job.
   */
  dataOf(lease: Lease): Promise<JobData | undefined>
  /**
   * Keeps a note of a running attempt, without the queue's lock. False: the attempt is over and nothing was kept.
   * @throws InterlockError `invalid_input`
   */
  note(lease: Lease, note: NoteOptions): Promise<boolean>
  /** Deletes payload, result, error, checkpoint and progress of these jobs; the log stays. */
  forget(jobIds: readonly string[]): Promise<void>
  /**
   * Takes in rows of `jobs` that were inserted as pending since the migration, in the order of their arrival, each at most
   * once: puts their jobs in line. A row that cannot be a job (no id, no valid models) goes to
   * `job_queue_not_taken_in`, with the reason. Any number of processes may do it at once.
   * @returns how many rows were taken in or refused; if it is `max` (1 to 1,000), there may be more
   */
  takeIn(options: { readonly max: number }): Promise<number>
  /**
   * The work goes on elsewhere, such as at a provider. The attempt keeps its models until then, even if this process dies. Any process
   * that has the lease can end it; at that time it fails as `timed_out`. Call it again to change the time.
   * @param until a time to come, at most 365 days ahead
   * @throws InterlockError `invalid_input`, `job_not_active`, `stale_token`
   */
  detach(lease: Lease, options: { readonly until: Date }): Promise<void>
  /**
   * Dead letters: jobs that failed for good, lost their last attempt with its lease, or waited longer than `expireMs`, and that
   * are not in line again; the newest first, 100 unless a `limit` (1 to 1,000) is given. `before`: the `seq` to page on from.
   */
  dead(
    filter?: DeadFilter & { readonly limit?: number; readonly before?: number },
  ): Promise<readonly DeadJob[]>
  /**
   * Puts the dead letters that the filter names in line again, with their payload and checkpoint. A workflow gets the models of the step
   * that had not finished.
   * @returns how many
   */
  retryDead(filter: DeadChoice): Promise<number>
  /** Takes dead letters off the list and deletes their payload, error and checkpoint. Returns how many. */
  dropDead(filter: DeadChoice): Promise<number>
  /** Ends a waiting job; asks an active one to stop, or with `force` frees its models at once. */
  cancel(jobId: string, options?: { readonly force?: boolean }): Promise<void>
  confirmCancel(lease: Lease, options?: { readonly claim?: Claim }): Promise<readonly Started[]>
  /** Gives a waiting job another priority (−1,000 to 1,000), or the place before another one. @throws InterlockError `invalid_input` */
  reprioritize(jobId: string, to: { readonly priority: number } | { readonly before: string }): Promise<void>
  /** Changes the fields given; `serial` and `by-model` are shorthands. */
  setPolicy(policy: PolicyInput): Promise<void>
  /**
   * No job that needs the model starts until then. Running jobs go on, and waiting jobs use up no attempt. Call it again to change the
   * reason or the end.
   * @throws InterlockError `invalid_input`
   */
  pauseModel(model: string, options: PauseOptions): Promise<void>
  /** Its jobs are in line again, each at its place. Does nothing for a model that is not paused. */
  resumeModel(model: string): Promise<void>
  drain(): Promise<void>
  /**
   * Call it after a backup was restored. It begins a new epoch, which voids every earlier token, and holds the queue. Then report how each
   * active job ended, by `complete`, `fail` or `release` under a lease of the new epoch, and call `resume`. Jobs whose lease was over
   * when this process joined are in line again by then; `interlock recover --begin` joins later and avoids that.
   */
  recover(): Promise<void>
  resume(): Promise<void>
  /** Why a live job does not run, and what has to happen; undefined for a job that is not live. */
  explain(jobId: string): Promise<Explanation | undefined>

  /** The queue as this process knows it. */
  state(): QueueView
  /** The same after every change, the present one first. */
  readonly state$: Observable<QueueView>
  /** Every event from now on, in order. */
  readonly events$: Observable<RecordedEvent>
  /**
   * The same for subscribers that can wait: if each read has its price (Supabase), subscribing only to this causes no reads.
   * Events that concern this process, or a job that it could start, still come at once.
   */
  readonly heard$: Observable<RecordedEvent>
  /**
   * How the queue goes on: the events that this process folds together, with the ledger after them. Costs no reads, like `heard$`. Take
   * `ledger()` for where it begins.
   */
  readonly changes$: Observable<QueueChange>
  /** The queue as this process has folded it. */
  ledger(): Ledger
  /**
   * Every event after this number: first those in the log, page by page, then those that come, each exactly once. For code that takes
   * each event at once. Errors: `invalid_input`, `corrupt_log`, those of the store.
   * @param after the sequence number of the last event that is known already; 0: from the first
   */
  eventsFrom(after: number): Observable<RecordedEvent>
  /**
   * The same for code that needs time for each event: pulled one by one, with one page in memory however far behind.
   * @example for await (const event of coordinator.pullEvents(checkpoint)) await keep(event)
   */
  pullEvents(after: number, options?: { readonly signal?: AbortSignal }): AsyncIterable<RecordedEvent>
  /** How a live job stands: now, and again whenever that changes; completes when it is no longer live. */
  waiting$(jobId: string): Observable<Explanation>
  /** Jobs that were refused at the gate and have been started for this process since. Taking one up: `onJobStart`. */
  readonly ready$: Observable<Started>
  /** Jobs may have become startable: a hint for workers. */
  readonly wake$: Observable<void>
  /** Rows may have arrived in `jobs`: a hint to call `takeIn`, given once per poll too. */
  readonly intake$: Observable<void>
  /** The lease was lost, or `close()` gives it up while jobs run. For the queue, the attempts of this process have ended. */
  readonly leaseLost$: Observable<{ readonly workerId: string }>
  /**
   * This process cannot go on with the queue: a backup was restored under it (`log_went_back`), or the log has an event that it
   * cannot fold (`unknown_event`: of a newer release; `corrupt_log`). Emits once, and again to each later subscriber. Its attempts have
   * ended (`leaseLost$`), and every call is refused with this error. End the process, at once if you like. After a restore it emits when
   * the queue is held in a new epoch, and `interlock recover` goes on from there. If that could not be written, `details.isHeld` is false:
   * then type `interlock recover --begin` before any process joins.
   */
  readonly stopped$: Observable<InterlockError>

  /**
   * The running machine of this queue: it is in the state of the queue, takes every event from now on, and can be shown in
   * Stately's inspector. Costs some 10 µs per event, so it is made on request; stop it, or close the coordinator.
   */
  machine(options?: MachineOptions): RunningMachine

  /** What this process could start, shown to others and to `explain`. */
  offering(kinds: readonly string[] | null, freeSlots: number): void
  /** Folds everything that is in the log by now. */
  catchUp(): Promise<void>
  /** The time of the queue: the database's clock as far as this process can tell, and the log's own time while that is ahead of it. */
  now(): Micros
  health(): Health
  /** What this process knows of itself beside the log. Asks nobody. */
  vitals(): Vitals
  /** The queue as plain numbers. Looks at every waiting job once: some 10 ms for 100,000. */
  metrics(): QueueMetrics
  /** Waits for calls under way, tells running jobs to stop (`leaseLost$`), and gives up the lease. It does not close your store. */
  close(): Promise<void>
}
