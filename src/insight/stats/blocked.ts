import { type Job, jobOf, type Ledger, type Micros, type ReasonCode, reasonCodeOf } from '../../core/index.ts'

/** For what waiting jobs waited, in microseconds of waiting: five jobs that wait a minute are five minutes. */
interface Waits {
  readonly reason: ReasonCode
  readonly model: string | null
  readonly blockedBy: string | null
}

interface Since extends Waits {
  since: Micros
}

/** Adds up the time that jobs spend waiting, by what they wait for at each moment. */
export class Blocked {
  readonly byReason = new Map<string, Micros>()
  readonly byModel = new Map<string, Micros>()
  readonly byJob = new Map<string, Micros>()
  readonly #waiting = new Map<string, Since>()

  /** Everybody who waits when the stretch begins. */
  begin(ledger: Ledger, at: Micros): void {
    for (const job of ledger.jobs) this.#look(ledger, job.jobId, job, at)
  }

  /** These jobs may wait for something else from now on, or no longer. */
  update(ledger: Ledger, touched: Iterable<string>, at: Micros): void {
    for (const jobId of touched) this.#look(ledger, jobId, jobOf(ledger, jobId), at)
  }

  /** Everybody who still waits has waited until here. */
  finish(at: Micros): void {
    for (const since of this.#waiting.values()) this.#add(since, at)
    this.#waiting.clear()
  }

  #look(ledger: Ledger, jobId: string, job: Job | undefined, at: Micros): void {
    const before = this.#waiting.get(jobId)
    const now = job === undefined || job.active ? undefined : waitsOf(ledger, job, at)
    if (before !== undefined && now !== undefined && isSame(before, now)) return
    if (before !== undefined) this.#add(before, at)
    if (now === undefined) this.#waiting.delete(jobId)
    else this.#waiting.set(jobId, { ...now, since: at })
  }

  #add({ reason, model, blockedBy, since }: Since, at: Micros): void {
    const micros = at - since
    if (micros <= 0) return
    grow(this.byReason, reason, micros)
    if (model !== null) grow(this.byModel, model, micros)
    if (blockedBy !== null) grow(this.byJob, blockedBy, micros)
  }
}

function waitsOf(ledger: Ledger, job: Job, now: Micros): Waits {
  return { reason: reasonCodeOf(ledger, job, now), model: job.blockedOn, blockedBy: job.blockedBy }
}

const isSame = (a: Waits, b: Waits): boolean =>
  a.reason === b.reason && a.model === b.model && a.blockedBy === b.blockedBy

const grow = (sums: Map<string, Micros>, key: string, by: Micros): void =>
  void sums.set(key, (sums.get(key) ?? 0) + by)
