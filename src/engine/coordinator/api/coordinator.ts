import type { Observable } from 'rxjs'
import type {
  AttemptKey,
  Claim,
  Declared,
  Explanation,
  InterlockError,
  JobPosition,
  JobTrace,
  JobType,
  Json,
  Ledger,
  LiveExplanation,
  Micros,
  QueueChange,
  RecordedEvent,
  RequeueReason,
  Started,
  Uses,
} from '../../core/index.ts'
import type {
  AnyKinds,
  DeclaredModels,
  EnqueueInput,
  JobsIn,
  KnownKinds,
  PolicyInput,
  ScheduleInput,
  ScheduleSpec,
} from '../../events/index.ts'
import type { DeadJob, JobData, Telemetry } from '../../store/index.ts'
import type { TransactionSql } from '../../transaction/index.ts'
import type { Logger } from '../base/logger.ts'
import type {
  ClaimOptions,
  CompleteInOptions,
  CompleteOptions,
  DeadChoice,
  DeadFilter,
  EndOptions,
  Enqueued,
  EnqueueOptions,
  FailOptions,
  Health,
  JobEnd,
  NoteOptions,
  ParentResult,
  PauseOptions,
  QueueBeside,
  Quote,
  RetryChoice,
  ScheduleView,
  StartAnswer,
  StartOptions,
  Vitals,
  WorkflowConfig,
} from './calls.ts'
import type { MachineOptions, QueueMetrics, QueueView, RunningMachine } from './view.ts'

/** Decides which job may run now, together with all other processes on the same queue. */
export interface Coordinator {
  readonly queue: string
  readonly logger: Logger
  /** What makes traces of this queue in this process; undefined: nothing does. */
  readonly telemetry: Telemetry | undefined
  /** What the kinds of the queue are given and come to (`defineQueue`); undefined: it was made without. */
  readonly contract?: KnownKinds | undefined
  /** The id of this incarnation of the process. It changes when the lease is lost. */
  readonly workerId: string

  /** The `default_model` of each step, in order, without duplicates. Warns about steps that have none, by name. */
  getWorkflowModels(config: WorkflowConfig): readonly string[]
  /**
   * The gate: may this job run now, here?
   * @throws InterlockError `invalid_input`, `job_exists`, `unknown_model`, `not_holder`; with `wait` also `job_not_live`, `closed`, and that of `stopped$`
   */
  onJobStart(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    options?: StartOptions,
  ): Promise<StartAnswer>
  /** The gate for a job that is live already. Its spec does not change. @throws InterlockError `job_not_live`, `not_holder` */
  takeUp(
    jobId: string,
    options?: Pick<StartOptions, 'wait' | 'signal' | 'sole' | 'serves' | 'keeps'>,
  ): Promise<StartAnswer>
  /** The attempt that runs here under this lease; undefined when it has ended, or runs elsewhere. */
  attempt(lease: AttemptKey): Started | undefined
  /** Reports that the job has ended. @throws InterlockError `job_not_active`, `stale_token`, `not_holder`; `invalid_input` for a wrong job type */
  onJobComplete(jobId: string, jobType: JobType, options?: CompleteOptions): Promise<void>

  /**
   * Puts jobs in line, all or none, with their payloads. Up to 1,000 come into line at once. More are committed together, and then come into
   * line in parts of at most 250, so that no other process has to wait for all of them; the call resolves when all are in line.
   * @throws InterlockError `invalid_input`, `job_exists`, `models_required`, `unknown_model`; `submitted` if not all of a call that is
   * committed are in line and none of them came in line for as long as its patience: the others follow by themselves; `command_reused`
   */
  enqueue(jobs: JobsIn<AnyKinds>, options?: EnqueueOptions): Promise<Enqueued>
  /**
   * Puts jobs in line for a running attempt, which adds them to its flow: whatever comes after its job also comes after them, from this call
   * on. In one append, beyond 1,000 jobs in several; and only while the attempt runs: what a lost one adds is refused.
   * @throws InterlockError as `enqueue`; `job_not_active`, `stale_token`; `flow_cycle` if one of them would wait for what is to wait for it
   */
  add(lease: AttemptKey, jobs: JobsIn<AnyKinds>): Promise<Enqueued>
  /** Starts jobs that may start, in line order: at most `max` jobs, never more than 1,000, and only of these kinds (null or none given: any). */
  claim(claim: Pick<Claim, 'max'> & Partial<Claim>, options?: ClaimOptions): Promise<readonly Started[]>
  /** Ends an attempt. With `claim`, the same append starts jobs here that may start now. */
  complete(lease: AttemptKey, options?: EndOptions): Promise<readonly Started[]>
  /**
   * Ends an attempt in a transaction of yours: its end is committed with your other writes, or neither is. Call it last, then commit. If the
   * attempt has ended meanwhile, this call fails, or the commit (SQLSTATE `JQ004`; `40001` under `REPEATABLE READ` and `SERIALIZABLE`).
   * @param sql runs a statement in your transaction: `fromPg(client)`, see `interlock-queue/transaction`
   * @throws InterlockError `invalid_input`, `stale_token`; what your driver throws
   */
  completeIn(sql: TransactionSql, lease: AttemptKey, options?: CompleteInOptions): Promise<void>
  /**
   * Writes down the end of an attempt that its handler has committed with its own writes (`completeIn`). Whichever process comes first does
   * so by itself within 5 s; the worker that ran the attempt need not wait for that. With `claim`, the same append starts jobs here.
   * @returns what it started here, nothing if others have written it down; undefined: no such end is committed, so the attempt goes on, or
   * has ended in another way
   * @throws what the store throws
   */
  endCommitted(
    lease: AttemptKey,
    options?: { readonly claim?: Claim | undefined },
  ): Promise<readonly Started[] | undefined>
  /**
   * Ends an attempt that failed.
   * @throws InterlockError `invalid_input` for a `code` that is not a failure code, or a `retryAt` that is not a Date between
   * 1970 and 2255
   */
  fail(lease: AttemptKey, options?: FailOptions): Promise<readonly Started[]>
  /**
   * Gives an attempt back to the line. It costs an attempt only for the reasons `retry` and `lease_expired`. With `models`, the
   * next attempt needs these models instead; the job keeps its position. `runAt` is a Date between 1970 and 2255.
   * @throws InterlockError `invalid_input`
   */
  release(
    lease: AttemptKey,
    reason: RequeueReason,
    runAt?: Date | null,
    options?: {
      readonly claim?: Claim | undefined
      readonly models?: readonly string[] | undefined
      readonly trace?: JobTrace | undefined
      readonly used?: Uses | undefined
    },
  ): Promise<readonly Started[]>
  /** Renews the lease now. False if the attempt no longer belongs to this process. @throws InterlockError `store_unavailable` */
  heartbeat(lease: AttemptKey): Promise<boolean>
  /**
   * What is kept of these jobs beside the log: payload, result, error, checkpoint, progress, and the row of `jobs`. One entry for
   * each id, in the order given; at most 1,000 ids.
   */
  data(jobIds: readonly string[]): Promise<readonly JobData[]>
  /**
   * The data of one job that this process runs. The first call returns the data that came with the start, without the row of
   * `jobs`, and does not ask the store. Later calls in one turn of the event loop share one read. Undefined: the job has no data.
   */
  dataOf(lease: AttemptKey): Promise<JobData | undefined>
  /**
   * What came of the jobs that this one comes after, for the attempt that runs it here. With `results`, also what their handlers returned.
   * @throws InterlockError `job_not_active`; `parents_too_large` for results of more than 16 MB in all
   */
  parents(
    lease: AttemptKey,
    options?: { readonly results?: boolean | undefined },
  ): Promise<readonly ParentResult[]>
  /**
   * Keeps a note of a running attempt, without the queue's lock. False: the attempt is over, and the note was not kept.
   * @throws InterlockError `invalid_input`
   */
  note(lease: AttemptKey, note: NoteOptions): Promise<boolean>
  /**
   * Deletes the payload, result, error, checkpoint and progress of these jobs, also while one is submitted and not in line yet, and also of
   * an end that its handler has committed (`completeIn`). The log stays.
   */
  forget(jobIds: readonly string[]): Promise<void>
  /**
   * Puts jobs in line for the rows of `jobs` that were inserted as pending since the migration, in the order in which they
   * arrived, each at most once. A row that cannot become a job (no id, no valid models) goes to `job_queue_not_taken_in`, with
   * the reason. Any number of processes may call it at the same time.
   * @returns how many rows were taken in or refused. If it is `max` (1 to 1,000), there may be more
   */
  takeIn(options: { readonly max: number }): Promise<number>
  /**
   * The work goes on elsewhere, at a provider for example. The attempt keeps its models until `until`, even if this process dies.
   * Any process that has the lease can end the attempt. If nobody has by then, it fails as `timed_out`. Call it again to change
   * the time.
   * @param until a time in the future, at most 365 days ahead
   * @throws InterlockError `invalid_input`, `job_not_active`, `stale_token`
   */
  detach(lease: AttemptKey, options: { readonly until: Date }): Promise<void>
  /**
   * Gives back one model of a running attempt, with its place, before the attempt ends. In the same append those start that wait for it: up to
   * the claim for this process, others for who asked. The attempt cannot have it again; another attempt of the job needs its whole set. Slot,
   * fair share and rates stay as they are. Idempotent.
   * @returns what started here
   * @throws InterlockError `invalid_input` for a model that the attempt did not begin with, and in a batch, whose jobs have their models in
   * common; `job_not_active`, `stale_token`
   */
  done(
    lease: AttemptKey,
    model: string,
    options?: { readonly claim?: Claim | undefined },
  ): Promise<readonly Started[]>
  /**
   * Dead letters: jobs that failed for good, that lost their last attempt with its lease, or that waited longer than `expireMs`,
   * and that are not in line again. The newest first, 100 unless you give a `limit` (1 to 1,000). `before`: page on from this
   * `seq`.
   */
  dead(
    filter?: DeadFilter & { readonly limit?: number; readonly before?: number },
  ): Promise<readonly DeadJob[]>
  /**
   * Puts the dead letters that the filter names in line again, with their payload and checkpoint. A workflow gets the models of
   * the step that had not finished. A job of a flow comes after the same jobs as before, and those come first that others come after.
   * With `descendants`, also those that failed because of the jobs that the filter names.
   * @returns how many
   */
  retryDead(filter: RetryChoice): Promise<number>
  /** Takes dead letters off the list and deletes their payload, error and checkpoint. Returns how many. */
  dropDead(filter: DeadChoice): Promise<number>
  /**
   * Ends a waiting job, or one that is submitted and not in line yet; asks an active one to stop, or with `force` frees its models at once.
   * The jobs that come after it then fail, unless they are to continue; with `descendants` all of them are cancelled before it, in parts of
   * 500. Given again, it does the rest.
   * @throws InterlockError `job_not_live`, `job_ending`
   */
  cancel(
    jobId: string,
    options?: { readonly force?: boolean | undefined; readonly descendants?: boolean | undefined },
  ): Promise<void>
  confirmCancel(
    lease: AttemptKey,
    options?: { readonly claim?: Claim; readonly used?: Uses | undefined },
  ): Promise<readonly Started[]>
  /**
   * Gives a waiting job another priority (−1,000 to 1,000), or the place before another job. @throws InterlockError
   * `invalid_input`
   */
  reprioritize(jobId: string, to: { readonly priority: number } | { readonly before: string }): Promise<void>
  /** Changes the fields that you give. `serial` and `by-model` are shorthands. */
  setPolicy(policy: PolicyInput): Promise<void>
  /**
   * Declares the models that there are, in the policy of the queue: from then on, in all processes, new jobs that need another one are
   * refused (`unknown_model`). It replaces what was declared before; `setPolicy({ models: null })` takes it back.
   * @param models their names, or an object of them, with the `capacity` of those that get another one
   * @throws InterlockError `invalid_input`
   */
  defineModels(models: readonly string[] | DeclaredModels): Promise<void>
  /**
   * Starts no job that needs the model until then. Running jobs go on, and waiting jobs use up no attempt. Call it again to
   * change the reason or the end.
   * @throws InterlockError `invalid_input`
   */
  pauseModel(model: string, options: PauseOptions): Promise<void>
  /** Its jobs are in line again, each at its position. Does nothing if the model is not paused. */
  resumeModel(model: string): Promise<void>
  /**
   * Declares all schedules of an owner, such as a service: those that it declared before and does not now are removed. One that is as it
   * was stays as it is, with the due time that is next; so call it whenever the service starts.
   *
   * Each due time becomes one job, `<id>@<due time>`, however many processes run and whenever they stop. Any process of the queue fires it.
   * @param options `revision`: a declaration with a lower one than the last changes nothing, so that an old release cannot undo a new one
   * @throws InterlockError `invalid_input`; `schedule_owned`: another owner has one with that id
   * @example
   * await coordinator.schedules('billing', [
   *   { id: 'nightly', cron: '30 2 * * *', tz: 'Europe/Berlin', job: { kind: 'invoices', models: ['ledger'] } },
   * ])
   */
  schedules(
    owner: string,
    schedules: readonly ScheduleInput[],
    options?: { readonly revision?: number | undefined },
  ): Promise<Declared>
  /**
   * Declares one schedule alone, whatever others there are: its owner is `schedule:<id>`. Again with another spec, it is changed.
   * @throws InterlockError `invalid_input`; `schedule_owned`: an owner of several has one with that id
   * @example await coordinator.schedule('nightly', { cron: '30 2 * * *', job: { kind: 'invoices' } })
   */
  schedule(
    id: string,
    spec: ScheduleSpec,
    options?: { readonly revision?: number | undefined },
  ): Promise<Declared>
  /** The schedules of the queue, or of one owner, as this process knows them: the next due one first. */
  listSchedules(filter?: { readonly owner?: string | undefined }): readonly ScheduleView[]
  /**
   * The next due times of a schedule, also of one that is paused: 10 unless you give a `count` (1 to 1,000); fewer if no more come.
   * @throws InterlockError `schedule_unknown`
   */
  previewSchedule(id: string, count?: number): readonly Date[]
  /** It fires nothing until it is resumed, also when it is declared again. @throws InterlockError `schedule_unknown` */
  pauseSchedule(id: string): Promise<void>
  /** It fires again, from its next due time on. Those of the pause are not made up for. @throws InterlockError `schedule_unknown` */
  resumeSchedule(id: string): Promise<void>
  /** Its jobs stay. If its owner declares it again, it is there again. @throws InterlockError `schedule_unknown` */
  removeSchedule(id: string): Promise<void>
  drain(): Promise<void>
  /**
   * Call it after you restored a backup. It begins a new epoch, which voids every earlier token, and drains the queue. Then
   * report how each active job ended, by `complete`, `fail` or `release` under a lease of the new epoch, and call `resume`. Jobs
   * whose lease was over when this process joined are in line again already. `interlock recover --begin` avoids that: it does not
   * join.
   */
  recover(): Promise<void>
  resume(): Promise<void>
  /**
   * What is with a job: why it does not run and what has to happen first, or how it ended. Also of one that was submitted by SQL or
   * as a row of `jobs` and is not in the queue. Undefined if nobody has ever heard of it.
   * @throws InterlockError `invalid_input`
   */
  explain(jobId: string): Promise<Explanation | undefined>

  /**
   * Where a job stands, for the one whose job it is: how many are ahead, why it waits and about how long still; of a submitted or refused one,
   * why it is not in line. It names no other job. Undefined if the job has ended, or nobody knows of it.
   * @throws InterlockError `invalid_input`
   */
  position(jobId: string): Promise<JobPosition | undefined>
  /**
   * What would come of a job if it was put in line now: whether it may start, else why it waits and behind which job, how many are ahead, and
   * when it starts. Decided as `enqueue` decides at this version, and nothing is put in line. In a long line it takes some tenths of a second of processor time.
   * @throws InterlockError as `enqueue`; `store_unavailable`
   */
  quote(job: EnqueueInput): Promise<Quote>
  /**
   * What the running attempt of a job has noted as its progress: the last note, and each other one. Completes with the job. PostgreSQL tells
   * of each note. Over HTTP, in an embedded database, and with `interlock.notify` off, notes are found by one look per second (over HTTP, every
   * 5 s) for all running jobs that somebody in this process follows.
   */
  progress$(jobId: string): Observable<Json>
  /**
   * How a job ended, as soon as it has: one value, with its result or error. At once for one that has ended, also before this process
   * began. Error: `job_not_live` if nobody knows of an end, now or to come.
   */
  ended$(jobId: string): Observable<JobEnd>

  /** The queue as this process knows it. */
  state(): QueueView
  /** The queue as this process knows it: now, and again after every change. */
  readonly state$: Observable<QueueView>
  /** Every event from now on, in order. */
  readonly events$: Observable<RecordedEvent>
  /**
   * Every event from now on, for subscribers that can wait. If each read has its price (Supabase), a subscription to this stream alone causes no
   * reads. Events that concern this process, or a job that it could start, still come at once.
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
   * Every event after this number, each exactly once: first those in the log, page by page, then each new one. For code that
   * takes each event at once. Errors: `invalid_input`, `corrupt_log`, those of the store.
   * @param after the sequence number of the last event that you know; 0: from the first event
   */
  eventsFrom(after: number): Observable<RecordedEvent>
  /**
   * Every event after this number, for code that needs time for each. You pull the events one by one; however far behind you are, one page is in
   * memory.
   * @example for await (const event of coordinator.pullEvents(checkpoint)) await keep(event)
   */
  pullEvents(after: number, options?: { readonly signal?: AbortSignal }): AsyncIterable<RecordedEvent>
  /** Why a live job waits, or that it runs: now, and again after each change. Completes when the job is no longer live. */
  waiting$(jobId: string): Observable<LiveExplanation>
  /** Jobs that the gate refused and that have been started for this process since. To run one, call `onJobStart`. */
  readonly ready$: Observable<Started>
  /** Jobs may have become startable: a hint for workers. */
  readonly wake$: Observable<void>
  /** Rows may have arrived in `jobs`: a hint to call `takeIn`, given once per poll too. */
  readonly intake$: Observable<void>
  /** The lease was lost, or `close()` gives it up while jobs run. For the queue, the attempts of this process have ended. */
  readonly leaseLost$: Observable<{ readonly workerId: string }>
  /**
   * This process cannot go on with the queue: a backup was restored while it ran (`log_went_back`), or the log has an event that
   * it cannot fold (`unknown_event`, of a newer release; `corrupt_log`). Emits once, and again to each later subscriber. Its
   * attempts have ended (`leaseLost$`), and every call is refused with this error. End the process, at once if you like.
   * After a restore it emits when the queue is drained in a new epoch; go on with `interlock recover`. If the new epoch could not
   * be written, `details.isHeld` is false: then run `interlock recover --begin` before any process joins.
   */
  readonly stopped$: Observable<InterlockError>

  /**
   * The running machine of this queue. It is in the state of the queue, takes every event from now on, and can be shown in
   * Stately's inspector. It costs some 10 µs per event, so it is made on request. Stop it when you are done; closing the
   * coordinator stops it too.
   */
  machine(options?: MachineOptions): RunningMachine

  /** What this process could start. Other processes and `explain` see it. */
  offering(kinds: readonly string[] | null, freeSlots: number): void
  /** Reads and folds everything that is in the log by now. */
  catchUp(): Promise<void>
  /**
   * The time of the queue: the database's clock as far as this process can tell. While the log is ahead of that clock, the log's
   * own time.
   */
  now(): Micros
  /**
   * Calls back once, when `ms` milliseconds of the queue's time have passed: those of this machine, or of a clock that a test sets by hand
   * (`interlock-queue/testing`). Returns how to cancel that.
   */
  after(ms: number, callBack: () => void): () => void
  health(): Health
  /** What this process knows of itself beside the log. Asks nobody. */
  vitals(): Vitals
  /**
   * What the database knows of the queue beside its log: the processes, and what was submitted and is not in line. Two reads; ask every few
   * seconds at most.
   * @throws InterlockError `store_unavailable`, `closed`
   */
  beside(): Promise<QueueBeside>
  /** The queue as plain numbers. Visits every waiting job once: some 10 ms for 100,000. */
  metrics(): QueueMetrics
  /** Waits for calls under way, tells running jobs to stop (`leaseLost$`), and gives up the lease. It does not close your store. */
  close(): Promise<void>
}
