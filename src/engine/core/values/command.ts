import type { RefusalCode } from './error-codes.ts'
import type { FailureCode, ReasonCode, RequeueReason } from './event.ts'
import type { JobSpec, JobType, Lease, Micros, Tries, Uses } from './job.ts'
import type { Policy } from './policy.ts'
import type { ScheduleRule } from './schedule.ts'

/** What a worker process could start right now. `kinds: null` means it has a handler for every kind. */
export interface Claim {
  /** How many it has room for. A batch counts once. */
  readonly max: number
  readonly kinds: readonly string[] | null
  /** Kinds of which a handler takes several jobs at once; absent: none. */
  readonly batches?: readonly BatchSize[] | undefined
  /** Which places that process serves, by names or patterns (`*`: any text): it is given no others, and by an empty list none. Absent: as it has said before. */
  readonly serves?: readonly string[] | undefined
  /** How many models that process keeps loaded, in each of its places. Absent: as it has said before. */
  readonly keeps?: number | undefined
}

/** How many jobs of a kind a handler takes at once, at most. */
export interface BatchSize {
  /** `*`: every kind that is not in the list. */
  readonly kind: string
  readonly size: number
}

/** A command of this type, with its fields. */
type CommandOf<Type extends string, Said extends object = object> = { readonly type: Type } & Readonly<Said>

/**
 * About the attempt with this token. `epoch`: of the lease; absent: that of the deciding process. A token of another epoch is
 * stale.
 */
type OfAttempt<Type extends string, Said extends object = object> = CommandOf<
  Type,
  { jobId: string; token: number; epoch?: number } & Said
>

/**
 * About the end of an attempt. `jobType`: the job type that the caller expects; absent: none given. `token` null: of the attempt
 * that runs here. `used`: what it has used of which resources; of those that are not named, as much as it had reserved.
 */
type OfEnd<Type extends string, Said extends object = object> = CommandOf<
  Type,
  { jobId: string; token: number | null; epoch?: number; jobType?: JobType; used?: Uses } & Said
>

/** A job that another one is to come after. */
export interface ParentChoice {
  readonly job: string
  /** It runs also if that one does not complete. */
  readonly goesOn?: true
}

/** What a job that is enqueued is to come after: each job once. */
export interface JobLinks {
  readonly jobId: string
  readonly after: readonly ParentChoice[]
}

/** A request. It becomes zero or more events, or a refusal. */
export type CommandBody =
  /**
   * Puts jobs in line, each with its spec. `intake`: rows of `jobs` are taken in. Jobs that are live already are skipped, and the
   * store refuses jobs that the log has ever heard of (`taken`). `again`: jobs that the queue has had before, with the models that they
   * had: whether these are declared by now is not asked; `lives`: the number of the event with which the first life of each began. `links`: of those whose spec has `after`. `submissions`: the jobs were committed in a
   * transaction of their submitter, each under this number. None is refused: what cannot come into line yet is left out (`held`).
   * `under`: the handler of this attempt adds them: what comes after its job comes after them too.
   */
  | CommandOf<
      'enqueue',
      {
        specs: readonly JobSpec[]
        intake?: true
        again?: true
        lives?: readonly number[]
        links?: readonly JobLinks[]
        submissions?: readonly number[]
        under?: { readonly jobId: string; readonly token: number; readonly epoch?: number }
      }
    >
  /** The gate: may this job run now, in the asking process? `wait`: keep it for me when it becomes startable. */
  | CommandOf<'ask', { spec: JobSpec; wait: boolean }>
  /** The gate for a live job, by its id. It puts nothing in line: a job that has ended stays ended. */
  | CommandOf<'take_up', { jobId: string; wait: boolean }>
  /** The job ran outside the queue while the database was away; this records it afterwards. */
  | CommandOf<'bypass', { jobId: string; jobType: JobType }>
  /** The asker no longer waits; the job stays in line for anybody. */
  | CommandOf<'unask', { jobId: string }>
  /** Start what may start, up to the claim that comes with the command. */
  | CommandOf<'claim'>
  /** `committed`: its handler has committed the end with its own writes (`completeIn`), so nothing else may end it. */
  | OfEnd<'complete', { committed?: true }>
  /** `retryAt`: when another attempt may start; null: no further attempt, whatever the count says. */
  | OfEnd<'fail', { code: FailureCode; retryAt: Micros | null }>
  /**
   * Gives an attempt back: the job returns to the line. `later`, `unacknowledged` and `drained` cost no attempt. `models`: what
   * its next attempt needs, instead of what this one had (the next step of a workflow); it keeps its position.
   */
  | OfAttempt<
      'release',
      { reason: RequeueReason; runAt: Micros | null; models?: readonly string[]; used?: Uses }
    >
  /**
   * The work goes on elsewhere: the attempt keeps its models until then, whatever becomes of the process that started it,
   * and is ended by its token from any process. Again: until another time.
   */
  | OfAttempt<'detach', { until: Micros }>
  /** It needs one of its models no more. In the same append those start that wait for it. */
  | OfAttempt<'done', { model: string }>
  /** `descendants`: all that come after it, too: so many at a time that its sender sends it again while the job waits. */
  | CommandOf<'cancel', { jobId: string; force: boolean; descendants?: true }>
  /** Acknowledges a cancel request: the attempt has stopped. */
  | OfAttempt<'confirm_cancel', { used?: Uses }>
  /** Their leases are over: their attempts end, and they serve no places any more. */
  | CommandOf<'expire_leases', { workerIds: readonly string[]; retryAt: Micros }>
  | CommandOf<'reprioritize', { jobId: string; priority?: number; before?: string }>
  | CommandOf<'set_policy', { policy: Policy }>
  /** Nothing that needs the model starts until then (null: until it is resumed); `reason` is a code, not a text. */
  | CommandOf<'pause_model', { model: string; reason: string; until: Micros | null }>
  | CommandOf<'resume_model', { model: string }>
  | CommandOf<'drain' | 'resume'>
  /**
   * The database was restored from a backup: tokens of before are void, and nothing starts until it is resumed. `ended`: the
   * epoch that is over; nothing happens where another one has begun already, so that everybody who notices may say so.
   */
  | CommandOf<'recover', { ended?: number }>
  /**
   * Events that nobody can read count as nothing from now on, by their numbers. A job that one of them would have put back in line
   * is put back now.
   */
  | CommandOf<'void', { seqs: readonly number[] }>
  /** Records what became true by the passing of time: attempts that timed out, due and expired jobs, offers that nobody took. */
  | CommandOf<'tick'>
  /** All schedules of an owner. `revision`: of its declaration; null: it gives none. */
  | CommandOf<'set_schedules', { owner: string; revision: number | null; schedules: readonly ScheduleWish[] }>
  | CommandOf<'remove_schedule', { schedule: string }>
  | CommandOf<'pause_schedule', { schedule: string }>
  /** `next`: when it is due for the first time again. */
  | CommandOf<'resume_schedule', { schedule: string; next: Micros | null }>
  /** The sender leaves the queue: it serves no places any more. */
  | CommandOf<'leave'>
  /**
   * A schedule is due by the clock of the sender: at `due`, as far as it knows. `times`: the last of the due times that have come, as many
   * as may be fired; `next`: the one after. `payloadHash`: of the payload that comes with the command.
   */
  | CommandOf<
      'fire',
      {
        schedule: string
        due: Micros
        times: readonly Micros[]
        next: Micros | null
        payloadHash: number | undefined
      }
    >

/**
 * A schedule that an owner wants. `next`: when it is due for the first time, should it be new, or due at other times than before. `absentAt`:
 * the version of the queue at which the owner declared it, if the queue did not have it then.
 */
export interface ScheduleWish {
  readonly id: string
  readonly rule: ScheduleRule
  readonly next: Micros | null
  readonly absentAt?: number
}

/** What came of the schedules that an owner declared, by their ids. */
export interface Declared {
  /** New, or other than before. */
  readonly set: readonly string[]
  /** It has declared them before, and not now. */
  readonly removed: readonly string[]
  /** As they were. */
  readonly kept: readonly string[]
  /** A newer revision was declared before: nothing was changed. */
  readonly isOutdated: boolean
}

/** A command on its way to {@link decide}. */
export interface Command {
  /** Unique per command; sending it again does nothing and answers the same. */
  readonly id: string
  readonly hash: number
  /** The worker process that sends it. */
  readonly workerId: string
  /** What that process could start in the same append. */
  readonly claim?: Claim
  readonly body: CommandBody
}

/** A job that was started by the command, for the process that sent it. */
export interface Started extends Tries {
  readonly lease: Lease
  readonly spec: JobSpec
  readonly workerId: string
  /** It runs together with others of this number, for one call of a handler. Absent: alone. */
  readonly batch?: number
}

export interface Waiting {
  /** Which job. */
  readonly jobId: string
  /** Why it waits (docs/inside/conflict-rules.md#state-and-code-of-a-job). */
  readonly code: ReasonCode
  /** The same in one sentence, without a position. */
  readonly reason: string
  /** The job in the way; null: none is. */
  readonly blockedBy: string | null
  /** When time alone ends this reason; null: something has to happen, or nobody knows when. */
  readonly until: Micros | null
}

/** A job that did not come into the queue, and the one that stands for it. */
export interface StandIn {
  readonly jobId: string
  readonly standsFor: string
}

/** A submitted job that cannot come into line yet, and why. */
export interface HeldJob {
  readonly jobId: string
  readonly code: RefusalCode
  readonly message: string
}

export interface Refusal {
  readonly ok: false
  readonly code: RefusalCode
  readonly message: string
}

/** What a command led to. `started` lists every job that it started, for whichever worker. */
export interface Accepted {
  readonly ok: true
  readonly started: readonly Started[]
  /** For `ask` and `enqueue`: the jobs that have to wait. */
  readonly waiting: readonly Waiting[]
  readonly bypassed: readonly string[]
  /** For `enqueue`: jobs that were live already with the same spec, and were left as they are. */
  readonly known?: readonly string[]
  /** For `enqueue`: jobs that did not come into the queue, since others have their keys; absent: none. */
  readonly doubles?: readonly StandIn[]
  /** For `set_schedules`. */
  readonly declared?: Declared
  /** For `enqueue` with `submissions`. */
  readonly held?: readonly HeldJob[]
  /** False when the command found everything as it wished: nothing was appended for it. */
  readonly changed: boolean
}

export type CommandResult = Accepted | Refusal
