import type { Micros, WorkerFact } from '../core/index.ts'

/** A worker process as the database knows it: one row and one heartbeat for all its jobs. */
export interface WorkerBeat {
  readonly queue: string
  /** The incarnation: new at each start, never reused. */
  readonly workerId: string
  /** The kinds it has handlers for; null: every kind. */
  readonly kinds: readonly string[] | null
  readonly freeSlots: number
  /** The release of Interlock that it runs. */
  readonly release: string
  /** How long the lease lives without another beat, in milliseconds (ttl), and the grace after it. */
  readonly ttlMs: number
  readonly graceMs: number
}

export interface BeatAnswer {
  /** The newest shape of events that every live process of the queue reads; null: none reads any; absent: functions of an older release do not say it. */
  readonly reads?: number | null | undefined
  /** False: the lease is gone (expired, or declared dead), and this incarnation never gets it back. */
  readonly alive: boolean
  readonly now: Micros
  readonly expiresAt: Micros
  readonly version: number
  /** Workers whose lease is past ttl + grace and that still hold something. Any live process expires them. */
  readonly overdue: readonly string[]
  /** Rows of `jobs` or commands by SQL are waiting, and no process has claimed them. */
  readonly arrived: boolean
  readonly requested: boolean
}

export interface WorkerRow extends WorkerFact {
  /** The newest shape of events that it reads; null: a worker by SQL, which reads none; absent: not known. */
  readonly reads?: number | null | undefined
  readonly startedAt: Micros
  readonly beatAt: Micros
  readonly expiresAt: Micros
}

/** Role "membership": the leases of a queue's worker processes, one each. */
export interface MembershipRole {
  beat(beat: WorkerBeat): Promise<BeatAnswer>
  /** Ends this incarnation: its lease ends at once. */
  leave(queue: string, workerId: string): Promise<void>
  workers(queue: string): Promise<readonly WorkerRow[]>
}
