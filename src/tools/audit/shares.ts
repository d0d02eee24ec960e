import type { JobSpec, Policy } from '../../engine/core/index.ts'
import { type AuditedJob, takesSlot } from './job.ts'

interface ShareCount {
  waiting: number
  active: number
}

/** Jobs per fair key: how many wait, and how many are active. */
export class Shares {
  readonly #shares = new Map<string, ShareCount>()

  waiting({ fairKey }: JobSpec): number {
    return fairKey === null ? 0 : this.#share(fairKey).waiting
  }

  /** True if one more start would be more than the policy allows; those `offered` count as started. */
  isFull(job: AuditedJob, { fairShare }: Policy, offered: Iterable<AuditedJob> = []): boolean {
    const { fairKey } = job.spec
    const limit = fairShare?.maxActive ?? null
    if (fairKey === null || limit === null || !takesSlot(job)) return false
    const others = [...offered].filter((other) => other !== job && other.spec.fairKey === fairKey)
    return this.#share(fairKey).active + others.length >= limit
  }

  move(job: AuditedJob, waiting: number, active: number): void {
    const { fairKey } = job.spec
    if (fairKey === null || !takesSlot(job)) return
    const share = this.#share(fairKey)
    share.waiting += waiting
    share.active += active
    if (share.waiting === 0 && share.active === 0) this.#shares.delete(fairKey)
    else this.#shares.set(fairKey, share)
  }

  #share(key: string): ShareCount {
    return this.#shares.get(key) ?? { waiting: 0, active: 0 }
  }
}
