import type { Policy } from '../core/index.ts'
import { type AuditedJob, byPlace, takesSlot } from './job.ts'
import { Sorted } from './sorted.ts'

/** Jobs that were announced to all and that nobody has taken yet: who may be passed because of them. */
export class Offers {
  readonly #offered = new Sorted<AuditedJob>(byPlace)
  /** How many came into line so far, and which of them were in it when an offer last ran out: those below. */
  #entries = 0
  #lapses = 0

  add(job: AuditedJob, at: number): void {
    job.offered = true
    job.offeredAt = at
    if (takesSlot(job)) this.#offered.add(job)
  }

  withdraw(job: AuditedJob): void {
    this.#offered.delete(job)
    job.offered = false
  }

  noteEntry(job: AuditedJob): void {
    job.entered = ++this.#entries
  }

  all(): Iterable<AuditedJob> {
    return this.#offered
  }

  hasLapsed(job: AuditedJob, { offerMs }: Policy, at: number): boolean {
    return job.offered && job.offeredAt + offerMs * 1_000 <= at
  }

  /** Those ahead of this one that nobody took in time. */
  lapsedBefore(job: AuditedJob, policy: Policy, at: number): readonly AuditedJob[] {
    return this.#offered.before(job).filter((other) => this.hasLapsed(other, policy, at))
  }

  /** Looks whether an offer has run out; the finest difference of clocks is decided for the queue. */
  noteLapses(policy: Policy, now: number): void {
    for (const job of this.#offered) {
      if (this.hasLapsed(job, policy, now)) this.#lapses = this.#entries + 1
    }
  }

  /** Nobody knows which offers ran out before: a job that stands in line by now may have been passed by then. */
  excuseAll(): void {
    this.#lapses = this.#entries + 1
  }

  /**
   * Whether a job may be passed although it could start. One that is offered is left to the process that takes it. And where
   * jobs may overtake, an offer keeps its models from those behind until it runs out, of which no event tells: those
   * who stood in line then are found by the next worker that looks everywhere, and need not be by the next event.
   */
  excuse(job: AuditedJob, { maxOvertakes }: Policy): boolean {
    if (job.offered) return true
    if (maxOvertakes === 0) return false
    const first = this.#offered.first()
    return job.entered < this.#lapses || (first !== undefined && byPlace(first, job) < 0)
  }
}
