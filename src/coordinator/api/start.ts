import { jobOf, type Lease, type Ledger, type ReasonCode, type Waiting } from '../../core/index.ts'

/** The lease as the gate gives it: the fencing token is for the outside call to carry. */
export interface GateLease extends Lease {
  /** When the lease ends without another beat; the process beats by itself. */
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
  /** Gives up waiting; the job stays in line for any process. */
  readonly signal?: AbortSignal | undefined
  /** The payload for a worker that takes the job up instead of this process; as with `enqueue`. */
  readonly payload?: unknown
  /** 1 unless given: no other process would run a second attempt of a job that only this program knows. */
  readonly attempts?: number
  readonly timeoutMs?: number
  /** Refuses with `not_holder` a job that this process is running already, for programs in which several parts ask. */
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
