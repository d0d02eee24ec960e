import type { JobSpec, Policy } from '../../engine/core/index.ts'
import { type AuditedJob, takesSlot } from './job.ts'

interface ShareCount {
  waiting: number
  active: number
}

/** What a key has before its first `/`. */
const tierIn = (key: string): string | undefined => /^([^/]*)\//.exec(key)?.[1]

/** Jobs per fair key: how many wait, and how many are active. */
export class Shares {
  readonly #shares = new Map<string, ShareCount>()

  waiting({ fairKey }: JobSpec): number {
    return fairKey === null ? 0 : this.#share(fairKey).waiting
  }

  /** True if one more start would be more than the policy allows; those `offered` count as started. */
  isFull(job: AuditedJob, { fairShare, tiers = {} }: Policy, offered: Iterable<AuditedJob> = []): boolean {
    const { fairKey } = job.spec
    if (fairKey === null || !takesSlot(job)) return false
    const tier = tierIn(fairKey)
    const rule = tier !== undefined && Object.hasOwn(tiers, tier) ? tiers[tier] : undefined
    const limit = rule?.maxActive ?? fairShare?.maxActive ?? null
    const together = rule?.maxTogether ?? null
    if (limit === null && together === null) return false
    const others = [...offered].filter((other) => other !== job).map(({ spec }) => spec.fairKey ?? '')
    const ofKey = this.#share(fairKey).active + others.filter((key) => key === fairKey).length
    if (limit !== null && ofKey >= limit) return true
    const ofTier = others.filter((key) => tierIn(key) === tier).length
    return together !== null && this.#activeOf(tier) + ofTier >= together
  }

  #activeOf(tier: string | undefined): number {
    let active = 0
    for (const [key, share] of this.#shares) if (tierIn(key) === tier) active += share.active
    return active
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
