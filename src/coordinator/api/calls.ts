import type { Claim, FailureCode } from '../../core/index.ts'

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
  /** Commands sent, appends won and lost, and turns taken, since the start of this process. */
  readonly counts: Readonly<Record<'commands' | 'appends' | 'lost' | 'turns', number>>
  /** What has failed and has not gone well since: reads by a read, writes by a write or by two beats, beats by a beat. */
  readonly lastError: string | null
}
