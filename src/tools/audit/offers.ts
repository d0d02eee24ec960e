import type { Policy } from '../../engine/core/index.ts'
import { type AuditedJob, byPosition, takesSlot } from './job.ts'
import { Sorted } from './sorted.ts'

/** Jobs that were announced to all workers and not yet taken, and the jobs that may be passed because of them. */
export class Offers {
  readonly #offered = new Sorted<AuditedJob>(byPosition)
  /** How many jobs came into line so far, and how many of them had when an offer last ran out. */
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

  /** Withdraws those of jobs that cannot start any more: after a start, a change of rules, or a drain. */
  end(isOver: (job: AuditedJob) => boolean): void {
    for (const job of [...this.#offered]) if (isOver(job)) this.withdraw(job)
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

  /** The jobs ahead of this one that no worker took in time. */
  lapsedBefore(job: AuditedJob, policy: Policy, at: number): readonly AuditedJob[] {
    return this.#offered.before(job).filter((other) => this.hasLapsed(other, policy, at))
  }

  /** Notes offers that have run out. Clocks differ a little: doubt counts for the queue. */
  noteLapses(policy: Policy, now: number): void {
    for (const job of this.#offered) {
      if (this.hasLapsed(job, policy, now)) this.#lapses = this.#entries + 1
    }
  }

  /** Which offers ran out before is unknown, so every job in line by now may be passed. */
  excuseAll(): void {
    this.#lapses = this.#entries + 1
  }

  /**
   * Whether a job may be passed although it could start. An offered job is left to the process that takes it. Where jobs may
   * overtake, an offer keeps its models from those behind it until it runs out, and no event says when it does. The next
   * worker that looks at all jobs finds those who stood in line then, which may be later than the next event.
   */
  excuse(job: AuditedJob, { maxOvertakes }: Policy): boolean {
    if (job.offered) return true
    if (maxOvertakes === 0) return false
    const first = this.#offered.first()
    return job.entered < this.#lapses || (first !== undefined && byPosition(first, job) < 0)
  }
}
