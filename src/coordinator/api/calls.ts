import {
  type Claim,
  type FailureCode,
  jobOf,
  type Lease,
  type Ledger,
  type ReasonCode,
  type Waiting,
} from '../../core/index.ts'

/** The lease as the gate gives it: the fencing token is for the outside call to carry. */
export interface GateLease extends Lease {
  /** Until when the lease lives without another beat; the process beats by itself. */
  readonly expiresAt: Date
}

export type StartAnswer =
  | { readonly allowed: true; readonly lease: GateLease; readonly bypassed?: false }
  | {
      readonly allowed: true
      readonly lease: null
      readonly bypassed: true
      /** Under `mode: 'observe'`: why it would have had to wait. */
      readonly observed?: Wait
    }
  | ({ readonly allowed: false } & Wait)

/** Why a job has to wait, for which job, and how many jobs stand before it in line. */
export interface Wait {
  readonly reason: string
  readonly code: ReasonCode
  readonly blockedBy: readonly string[]
  readonly position: number
}

/** @param waiting what the job waits for; undefined: for nothing any more */
export function waitOf(ledger: Ledger, jobId: string, waiting: Waiting | undefined): Wait {
  const job = jobOf(ledger, jobId)
  return {
    reason: waiting?.reason ?? 'it was started and has ended since, or its worker lost its lease',
    code: waiting?.code ?? 'offered',
    blockedBy: waiting?.blockedBy == null ? [] : [waiting.blockedBy],
    position: job === undefined || job.active ? 0 : ledger.line.rank(job.place),
  }
}

export interface StartOptions {
  readonly priority?: number
  readonly kind?: string
  /**
   * Stay in line and resolve when the job was started for this process; it asks again by itself if its lease is lost meanwhile.
   * Rejects with `not_holder` when it was started in another process, `job_not_live` when it has ended, `closed` by `close()`,
   * and with the error of `stopped$`. Of several calls for one job in a process each gets the start.
   */
  readonly wait?: boolean | undefined
  /** Gives up waiting; the job stays in line for anybody. */
  readonly signal?: AbortSignal | undefined
  /** What a worker is given that takes the job up in this process's place; as with `enqueue`. */
  readonly payload?: unknown
  /** 1 unless given: nobody would run a second one of a job that only this program knows. */
  readonly attempts?: number
  readonly timeoutMs?: number
  /** Refuses with `not_holder` a job that this process is running already: for a program of which several parts ask. */
  readonly anew?: boolean | undefined
  /**
   * The lease of a job that this process runs, a workflow's say, and that has these models: the job runs under it, so that a
   * step never waits for what its own workflow holds. It needs no other models; ending it changes nothing in the queue.
   * Null (a workflow that bypasses) is none. Refused with `job_not_active` in any process but the one that runs the parent:
   * only that one is told when the lease is lost.
   */
  readonly parent?: Lease | null | undefined
}

export interface CompleteOptions {
  /** Needed from any process but the one that holds the job. */
  readonly fencingToken?: number
  readonly outcome?: 'completed' | 'failed'
  /** Of a failed job. Its text goes to the logger and to `job_queue_data`, never into the log of the queue. */
  readonly error?: unknown
}

/** How many jobs were put in line, and why those of them wait that do. */
export interface Enqueued {
  readonly queued: number
  readonly waiting: readonly Waiting[]
}

export interface EndOptions {
  /** What the job came to: anything that JSON can say, 1 MB at most; kept in `job_queue_data`. */
  readonly result?: unknown
  readonly claim?: Claim | undefined
}

/** How far a running attempt has come; 64 KB of JSON at most each. */
export interface NoteOptions {
  /** Given to the next attempt (`data`). On the disk when the call returns. */
  readonly checkpoint?: unknown
  /** For people. May be lost with a crash of the database server. */
  readonly progress?: unknown
}

export interface FailOptions {
  /** What was thrown. Its name, message and stack are kept in `job_queue_data`, 16 KB at most. */
  readonly error?: unknown
  readonly code?: FailureCode
  /** When another attempt may start: at once, at a time, or never (`null`). At once unless given. */
  readonly retryAt?: Date | null
  readonly claim?: Claim | undefined
}

/** Which dead letters; what is left out restricts nothing. */
export interface DeadFilter {
  readonly jobIds?: readonly string[] | undefined
  /** One of the models that the job needed last. */
  readonly model?: string | undefined
  /** Those that ended then or later. */
  readonly since?: Date | undefined
}

/** Which dead letters are retried or dropped. */
export interface DeadChoice extends DeadFilter {
  /** Every one: needed where the filter restricts nothing, so that a field left empty by mistake does no harm. */
  readonly all?: boolean | undefined
}

export interface PauseOptions {
  /** Why, as a code such as `provider_down`: it goes into the log, which holds no texts. */
  readonly reason: string
  /** When the pause ends by itself, at most 365 days ahead; null: when the model is resumed. */
  readonly until?: Date | null
}

export interface Health {
  readonly queue: string
  readonly store: string
  readonly workerId: string
  /** False while something fails that has to work (`lastError`), or the lease is lost. */
  readonly ok: boolean
  /** False while the database does not answer; one that takes no writes can be reached, and is not `ok`. */
  readonly reachable: boolean
  readonly leaseLost: boolean
  readonly leaseExpiresAt: Date
  readonly version: number
  readonly activeCount: number
  readonly waitingCount: number
  /** Commands sent, appends won, lost and sent again after an outage, and turns taken, since the start of this process. */
  readonly counts: Readonly<Record<'commands' | 'appends' | 'lost' | 'retried' | 'turns', number>>
  /** What has failed and has not gone well since: reads by a read, writes by a write or by two beats, beats by a beat. */
  readonly lastError: string | null
}

/** The part of a workflow's configuration that names its models. */
export interface WorkflowConfig {
  readonly steps?: readonly {
    readonly name?: string | undefined
    readonly default_model?: string | null | undefined
  }[]
}
