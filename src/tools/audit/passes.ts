import type { Policy, RecordedEvent } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'

type Of<Type> = RecordedEvent & { readonly type: Type }

/**
 * How often waiting jobs were passed by starts whose models were loaded, and since when. It stays with a job until that starts, once a policy
 * has said so; before, it counts from when the job came into line, or from the last event after which the queue may have begun to count again.
 * Only starts count that could have been the job's by the line alone. So it never counts more than happened.
 */
export class Passes {
  #counts = new WeakMap<AuditedJob, { times: number; since: number }>()
  #stay = false
  readonly #keepers = new Set<string>()

  /** A process says how many models it keeps loaded; absent: none. @returns whether it had said so before */
  note(worker: string, keeps?: number): boolean {
    const had = this.#keepers.delete(worker)
    if (keeps !== undefined) this.#keepers.add(worker)
    return had
  }

  /** Whether it may take a job for the sake of what it has loaded. */
  mayPass = (worker: string): boolean => this.#keepers.has(worker)

  /** It starts. */
  forget(job: AuditedJob): void {
    this.#counts.delete(job)
  }

  /** It leaves the line, or somebody waits for it, or nobody any more. */
  leave(job: AuditedJob): void {
    if (!this.#stay) this.forget(job)
  }

  /** Pauses or processes have changed: jobs may have left the line for a moment. */
  begin(): void {
    if (!this.#stay) this.#counts = new WeakMap()
  }

  /** Other rules hold. What a release that does not know better passed before may have been passed too often, and is not counted. */
  govern({ policy: { warm }, passesStay }: Of<'policy_changed'>): void {
    if (!this.#stay) this.begin()
    if (passesStay === true || (warm?.maxPassed ?? 0) > 0) this.#stay = passesStay === true
  }

  /** One more start passes the job. @returns what is wrong with it; undefined: nothing */
  count(job: AuditedJob, { at, without = [] }: Of<'started'>, { warm }: Policy): string | undefined {
    // Its process does not run this kind.
    if (without.includes(job.spec.kind)) return undefined
    const { times, since } = this.#counts.get(job) ?? { times: 0, since: at }
    this.#counts.set(job, { times: times + 1, since })
    const { maxPassed = 0, maxPassedSeconds = 0 } = warm ?? {}
    if (times >= maxPassed) return `it had been passed ${times} times, as often as the policy allows`
    const seconds = (at - since) / 1e6
    return times > 0 && seconds >= maxPassedSeconds
      ? `it had been passed for ${seconds} s, as long as the policy allows`
      : undefined
  }
}
