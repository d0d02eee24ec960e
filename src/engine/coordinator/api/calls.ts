import {
  type AttemptKey,
  type Claim,
  type Ending,
  type FailureCode,
  type JobOutcome,
  type JobTrace,
  type Json,
  jobOf,
  type Lease,
  type Ledger,
  type LiveExplanation,
  type OverlapRule,
  type ReasonCode,
  type StandIn,
  type StartsIn,
  type Uses,
  type Waiting,
  type WorkerFact,
} from '../../core/index.ts'
import type { EnqueueInput } from '../../events/index.ts'
import type { OutsideLine } from '../../store/index.ts'
import type { TransactionSql } from '../../transaction/index.ts'

/** The lease as the gate returns it. Pass its `fence` on to the outside call, so that it can refuse a late one. */
export interface GateLease extends Lease {
  /** When the lease ends unless it is renewed. The process renews it by itself. */
  readonly expiresAt: Date
}

export type StartAnswer =
  | { readonly allowed: true; readonly lease: GateLease; readonly bypassed?: false }
  | {
      readonly allowed: true
      readonly lease: null
      readonly bypassed: true
      /** Under `mode: 'observe'`: why the job would have had to wait. */
      readonly observed?: Wait
    }
  | ({ readonly allowed: false } & Wait)

/** Why a job has to wait, and for which job. */
export interface Wait {
  readonly reason: string
  readonly code: ReasonCode
  readonly blockedBy: readonly string[]
  /** How many jobs stand ahead of it in line. */
  readonly ahead: number
  /** The same as `ahead`, by its former name. */
  readonly position: number
}

/** @param waiting what the job waits for; undefined if it no longer waits for anything */
export function waitOf(ledger: Ledger, jobId: string, waiting: Waiting | undefined): Wait {
  const job = jobOf(ledger, jobId)
  const ahead = job === undefined || job.active ? 0 : ledger.line.rank(job.position)
  return {
    reason: waiting?.reason ?? 'it was started and has ended since, or its worker lost its lease',
    code: waiting?.code ?? 'offered',
    blockedBy: waiting?.blockedBy == null ? [] : [waiting.blockedBy],
    ahead,
    position: ahead,
  }
}

export interface StartOptions {
  /** As with `enqueue`: `{ 'flux-dev': 'exclusive' }` takes all places of that model. */
  readonly modes?: EnqueueInput['modes']
  readonly priority?: number
  readonly kind?: string | undefined
  /**
   * Stay in line, and resolve when the job was started for this process. If the lease is lost meanwhile, the call asks again by
   * itself.
   * Rejects with `not_holder` if the job was started in another process, `job_not_live` if it has ended, `closed` after
   * `close()`, and with the error of `stopped$`. If several calls in one process wait for the same job, each of them gets the
   * start.
   */
  readonly wait?: boolean | undefined
  /** Stops waiting. The job stays in line, and any process may start it. */
  readonly signal?: AbortSignal | undefined
  /** The payload for a worker that runs the job instead of this process; as with `enqueue`. */
  readonly payload?: unknown
  /** 1 unless given: if only this program knows the job, no other process could run a second attempt. */
  readonly attempts?: number
  readonly timeoutMs?: number
  /** As with `enqueue`. */
  readonly uses?: Uses | null | undefined
  /** As with `enqueue`: `{ 'flux-dev': { vram: 20 } }` takes so much of one place. */
  readonly asks?: EnqueueInput['asks']
  /** Who owns it (a customer, say), as with `enqueue`. */
  readonly fairKey?: string | null | undefined
  readonly traceparent?: string | null | undefined
  readonly tracestate?: string | null | undefined
  /** Refuses with `not_holder` a job that this process is running already. Use it if several parts of one program may ask. */
  readonly sole?: boolean | undefined
  /**
   * The places that this process serves: names, or patterns such as `host1:*`, 100 at most (`[]`: none); all that is asked here says the same. It is
   * given no others, at the gate and by what it claims.
   * @defaultValue as said before, else every place that somebody serves
   */
  readonly serves?: readonly string[] | undefined
  /**
   * How many models this process keeps loaded, in each of its places: 1 to 1,000; all that is asked here says the same. What the gate
   * starts then counts as loaded, for what this process claims and for `stats`; who waits at the gate starts in line order.
   * @defaultValue as said before
   */
  readonly keeps?: number | undefined
  /**
   * The lease of a job that this process runs (a workflow, say) and that has these models. The job then runs under that lease, so
   * that a step never waits for what its own workflow holds. It needs no other models, and its end changes nothing in the queue.
   * Null, for a workflow that bypasses, counts as no parent. Refused with `job_not_active` in any process but the one that runs
   * the parent: only that process hears when the lease is lost.
   */
  readonly parent?: AttemptKey | null | undefined
}

export interface CompleteOptions {
  /** Required unless this process holds the job. */
  readonly fencingToken?: number
  readonly outcome?: 'completed' | 'failed'
  /** Of a failed job. Its text goes to the logger and to `job_queue_data`, never into the log of the queue. */
  readonly error?: unknown
  /** What it has used of which resources; of those that are not named, what it had reserved. */
  readonly used?: Uses | undefined
}

/** A schedule, as it stands. */
export interface ScheduleView {
  readonly id: string
  /** Who declared it. */
  readonly owner: string
  /** Null: it has `every`. */
  readonly cron: string | null
  readonly tz: string
  /** The distance between due times, in milliseconds; null: it has `cron`. */
  readonly everyMs: number | null
  readonly missed: { readonly upTo: number; readonly withinMs: number | null }
  readonly overlap: OverlapRule
  readonly job: { readonly kind: string; readonly models: readonly string[]; readonly priority: number }
  /** The due time that is fired next; null: none comes any more. A paused one waits for it. */
  readonly next: Date | null
  /** The due time that came last, fired or skipped; null: none. */
  readonly last: Date | null
  readonly paused: boolean
  /** Its jobs that wait or run: 100 at most. */
  readonly live: readonly string[]
}

export interface EnqueueOptions {
  /**
   * 1 to 190 characters. Give one to repeat the call when you do not know what came of it: for a day, the same id with the same jobs does
   * nothing again, also when they have ended.
   * @defaultValue a new one
   */
  readonly requestId?: string | undefined
  /**
   * Your own transaction: the jobs are committed with it, or rolled back, as by `enqueueIn`. Make it by `fromPg(client)`, `fromDrizzle(tx)` and
   * their like (`interlock-queue/transaction`). The answer then says what is submitted, and nothing of waiting.
   * @defaultValue none: the jobs are in line when the call resolves
   */
  readonly in?: TransactionSql | undefined
  /** With `in`: false sends no NOTIFY, so that your commits do not wait for each other. @defaultValue `true` */
  readonly notify?: boolean | undefined
}

/** What came of jobs that were to be put in line. */
export interface Enqueued {
  /** The id of the job, or of the first one; an empty text for an empty list. */
  readonly jobId: string
  /** The ids of those that have a `ref`. */
  readonly ids: Readonly<Record<string, string>>
  /** How many this call has put in line; with `in`, how many come into line once you have committed. */
  readonly queued: number
  /** Jobs that were live already with the same spec, and were left as they are. */
  readonly known: readonly string[]
  /** What each one that has to wait waits for; a known one too. */
  readonly waiting: readonly Waiting[]
  /** Each job of the call, in its order. */
  readonly jobs: readonly EnqueueAnswer[]
}

/** One job of a call. */
export interface EnqueueAnswer {
  readonly jobId: string
  /** The job that stands for it (`dedupe`), so that it was not put in line; absent: none does. */
  readonly standsFor?: string
}

/** Those of them that no other stands for have no `standsFor`. */
export function enqueueAnswers(
  jobs: readonly { readonly jobId: string }[],
  doubles: readonly StandIn[] = [],
): readonly EnqueueAnswer[] {
  const standIns = new Map(doubles.map(({ jobId, standsFor }) => [jobId, standsFor]))
  return jobs.map(({ jobId }) => {
    const standsFor = standIns.size === 0 ? undefined : standIns.get(jobId)
    return standsFor === undefined ? { jobId } : { jobId, standsFor }
  })
}

/** What would come of a job if it was put in line now. */
export interface Quote extends StartsIn {
  /** Which job. */
  readonly jobId: string
  /** The version of the queue by which it was told. */
  readonly version: number
  /** False: it is live with this very spec, was enqueued `once`, or another job stands for it. */
  readonly isNew: boolean
  /** The job that would stand for it (`dedupe`); absent: none would. */
  readonly standsFor?: string
  /** It may start at once, as far as the rules decide. */
  readonly isStartable: boolean
  /** What `explain` would say then of it, or of the job that stands for it; null: that one has ended. */
  readonly explanation: LiveExplanation | null
}

/** How a job ended, for the one who asked for it. */
export interface JobEnd<Result = Json> {
  readonly jobId: string
  /** `deduplicated`: it was not put in line, since `standsFor` stands for it. `bypassed`: it ran outside the queue. */
  readonly outcome: Ending
  readonly at: Date
  /** What its handler returned; null: nothing, or it was deleted. */
  readonly result: Result
  /** `{ name, message, stack? }` of the last attempt that failed; null: none did, or it was deleted. */
  readonly error: Json
  readonly standsFor?: string
}

export interface ClaimOptions {
  /**
   * True: nobody waits for the answer, as in a loop that claims whenever `wake$` says so. Over HTTP, where each call has its price,
   * this process then asks the database nothing if it knows of no job that may start, and leaves the first try to others, for at
   * most 16 times what a try takes, while they are faster. False unless given: an empty answer was true at some time after the call.
   */
  readonly known?: boolean
}

export interface EndOptions {
  /** The result of the job: any JSON value of at most 1 MB, kept in `job_queue_data`. */
  readonly result?: unknown
  readonly claim?: Claim | undefined
  /** What the attempt has used of which resources; of those that are not named, what it had reserved. */
  readonly used?: Uses | undefined
}

export interface CompleteInOptions {
  /** The result of the job: any JSON value of at most 1 MB, kept in `job_queue_data`. */
  readonly result?: unknown
  /**
   * False: the commit sends no NOTIFY, so a process finds the end at its next look, within 5 s. For very many commits a second, which NOTIFY
   * makes wait for each other, and for `PREPARE TRANSACTION`. @defaultValue `true`
   */
  readonly notify?: boolean | undefined
  /** What the attempt has used of which resources; of those that are not named, as much as it had reserved. */
  readonly used?: Uses | undefined
}

/** What came of a job that another one comes after. */
export interface ParentResult<Result = Json> {
  readonly jobId: string
  readonly outcome: JobOutcome
  /** What its handler returned, if results were asked for; null: nothing, it was deleted, or the id was enqueued again. */
  readonly result: Result
}

/** Notes of a running attempt; each at most 64 KB of JSON. */
export interface NoteOptions {
  /** The next attempt gets it (`data`). It is on disk when the call returns. */
  readonly checkpoint?: unknown
  /** For people to read. A crash of the database server may lose it. */
  readonly progress?: unknown
}

export interface FailOptions {
  /** What was thrown. Its name, message and stack are kept in `job_queue_data`, 16 KB at most. */
  readonly error?: unknown
  readonly code?: FailureCode
  /** When the next attempt may start: at once, at a time, or never (`null`). At once unless given. */
  readonly retryAt?: Date | null
  /** What the next attempt is to know of the trace; `telemetry` makes it. */
  readonly trace?: JobTrace | undefined
  readonly claim?: Claim | undefined
  /** What the attempt has used of which resources; of those that are not named, what it had reserved. */
  readonly used?: Uses | undefined
}

/** Which dead letters. A field left out does not restrict. */
export interface DeadFilter {
  readonly jobIds?: readonly string[] | undefined
  /** One of the models that the job needed last. */
  readonly model?: string | undefined
  /** Those that ended at this time or later. */
  readonly since?: Date | undefined
}

/** Which dead letters are retried or dropped. */
export interface DeadChoice extends DeadFilter {
  /** All of them. Required if the filter restricts nothing, so that an empty field by mistake does no harm. */
  readonly all?: boolean | undefined
}

/** Which dead letters are retried. */
export interface RetryChoice extends DeadChoice {
  /** Also those that failed because of them, and because of these: of `jobIds` also where the job itself is no dead letter any more. */
  readonly descendants?: boolean | undefined
}

export interface PauseOptions {
  /** Why: a code such as `provider_down`. It goes into the log, which holds no text of users. */
  readonly reason: string
  /** When the pause ends by itself, at most 365 days ahead; null: it lasts until you resume the model. */
  readonly until?: Date | null
}

export interface Health {
  readonly queue: string
  readonly store: string
  readonly workerId: string
  /** False while something that has to work fails (`lastError`), and after the lease was lost. */
  readonly ok: boolean
  /** False while the database does not answer. A database that only refuses writes is reachable, but then `ok` is false. */
  readonly reachable: boolean
  readonly leaseLost: boolean
  readonly leaseExpiresAt: Date
  readonly version: number
  readonly activeCount: number
  readonly waitingCount: number
  /** Since the process started: commands sent, appends won, lost and sent again after an outage, and how often it became the combiner (docs/inside/several-writers.md). */
  readonly counts: Readonly<Record<'commands' | 'appends' | 'lost' | 'retried' | 'elections', number>>
  /**
   * The last failure that is not over. A read ends a failure of reads, a beat one of beats; a write, or two beats, one of writes.
   */
  readonly lastError: string | null
}

/** What the database knows of a queue beside its log. */
export interface QueueBeside {
  /** The processes of the queue. */
  readonly workers: readonly WorkerFact[]
  /** What was submitted and is not in line; null: this store has nothing of that kind. */
  readonly outside: OutsideLine | null
}

/** What a process knows of itself beside the log, without asking anybody. Durations in milliseconds; counts since it joined. */
export interface Vitals {
  readonly workerId: string
  /** As in `health()`. */
  readonly ok: boolean
  readonly reachable: boolean
  /** How long the lease is still good; 0: it is lost. */
  readonly leaseMs: number
  readonly freeSlots: number
  /** Commands sent; appends that were written, lost to another process or refused, and sent again after an outage; times it became the combiner. */
  readonly counts: Readonly<Record<'commands' | 'appends' | 'lost' | 'retried' | 'elections', number>>
  /** Calls that were refused because the attempt was over, or another's: writes of a worker that had lost its lease. */
  readonly staleWrites: number
  /** The number of the last event that is known to be in the log, and of the last one that was archived. */
  readonly log: { readonly lastSeq: number; readonly archivedSeq: number }
  /** How far this process has yet to fold, and since when it last knew everything. */
  readonly catchUp: { readonly events: number; readonly ms: number }
  /** How far your tables (`jobs`, `workflow_executions`) are behind the log, as this process last saw them; null: it has not looked, or there are none. */
  readonly projection: { readonly events: number; readonly ms: number; readonly setAside: number } | null
  /** Rows taken in, and the time since there were last none left; null: this process takes in none. */
  readonly intake: { readonly rows: number; readonly ms: number } | null
}

/** The part of a workflow's configuration that names its models. */
export interface WorkflowConfig {
  readonly steps?: readonly {
    readonly name?: string | undefined
    readonly default_model?: string | null | undefined
  }[]
}
