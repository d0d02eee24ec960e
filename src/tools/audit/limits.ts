import type { Policy } from '../../engine/core/index.ts'
import { type AuditedJob, takesSlot } from './job.ts'
import { ruleFor } from './rules.ts'

interface UseAt {
  readonly at: number
  readonly amount: number
}

interface SettledUse extends UseAt {
  /** The limits have not changed since. */
  readonly isUnderLimit: boolean
}

/** The limits of a resource, in the order of the policy; none: it has no limit. */
function limitsOf({ uses }: Policy, resource: string) {
  const own = uses === undefined ? undefined : ruleFor(uses, resource)
  return own === undefined ? [] : 'limit' in own ? [own] : own
}

/** Whether the job uses something that has a limit. */
export const isLimited = (policy: Policy, { spec }: AuditedJob): boolean =>
  Object.keys(spec.uses ?? {}).some((resource) => limitsOf(policy, resource).length > 0)

/** Whether both use something that has a limit. */
export const competes = (policy: Policy, one: AuditedJob, other: AuditedJob): boolean =>
  Object.keys(one.spec.uses ?? {}).some(
    (resource) => limitsOf(policy, resource).length > 0 && Object.hasOwn(other.spec.uses ?? {}, resource),
  )

/** Whether the job asks for more of something than there ever is. */
export const asksTooMuch = (policy: Policy, { spec }: AuditedJob): boolean =>
  Object.entries(spec.uses ?? {}).some(([resource, ask]) =>
    limitsOf(policy, resource).some(({ limit }) => ask > limit),
  )

/** What active jobs have reserved of each resource, and what those that ended have used. */
export class AuditedUses {
  readonly #reserved = new Map<string, number>()
  readonly #settled = new Map<string, SettledUse[]>()
  /** What counts in windows that count at the start: what was asked for then, and at the end what went beyond. */
  readonly #begun = new Map<string, SettledUse[]>()

  /** What was used before the log begins. @param used window by window, in the order of the policy */
  recall(policy: Policy, resource: string, used: readonly (readonly UseAt[])[]): void {
    const limits = limitsOf(policy, resource)
    const longest = (isAtStart: boolean): SettledUse[] => {
      const own = used.filter((_, i) => (limits[i]?.counted === 'atStart') === isAtStart)
      const [most = []] = own.toSorted((a, b) => b.length - a.length)
      return most.map((one) => ({ ...one, isUnderLimit: true }))
    }
    this.#settled.set(resource, longest(false))
    this.#begun.set(resource, longest(true))
  }

  /** @param at when it begins; null: it began before the log does */
  reserve(policy: Policy, job: AuditedJob, at: number | null): void {
    if (!takesSlot(job)) return
    for (const [resource, ask] of Object.entries(job.spec.uses ?? {})) {
      this.#add(resource, ask)
      if (at !== null) this.#note(this.#begun, policy, resource, { at, amount: ask })
    }
  }

  /** Kept for as long as the longest window is. */
  #note(kept: Map<string, SettledUse[]>, policy: Policy, resource: string, { at, amount }: UseAt): void {
    const windows = limitsOf(policy, resource).map(({ perSeconds }) => perSeconds * 1e6)
    if (windows.length === 0 || amount <= 0) return
    const before = (kept.get(resource) ?? []).filter((use) => use.at >= at - Math.max(...windows))
    kept.set(resource, [...before, { at, amount, isUnderLimit: true }])
  }

  /** The resources of which too much is used or reserved, now that the job has begun. */
  overLimit(policy: Policy, job: AuditedJob, at: number): readonly string[] {
    if (!takesSlot(job)) return []
    return Object.keys(job.spec.uses ?? {}).filter((resource) =>
      limitsOf(policy, resource).some(({ limit, perSeconds, counted }) => {
        const isAtStart = counted === 'atStart'
        const recent = ((isAtStart ? this.#begun : this.#settled).get(resource) ?? []).filter(
          (use) => use.isUnderLimit && use.at >= at - perSeconds * 1e6,
        )
        const used = recent.reduce((sum, { amount }) => sum + amount, 0)
        return used + (isAtStart ? 0 : (this.#reserved.get(resource) ?? 0)) > limit
      }),
    )
  }

  /** The attempt is over. @returns whether it has used more of something than it had reserved */
  settle(policy: Policy, job: AuditedJob, used: Readonly<Record<string, number>>, at: number): boolean {
    if (!takesSlot(job)) return false
    const asked = job.spec.uses ?? {}
    const said = (of: Readonly<Record<string, number>>, resource: string) =>
      Object.hasOwn(of, resource) ? of[resource] : undefined
    let isOver = false
    for (const resource of new Set([...Object.keys(asked), ...Object.keys(used)])) {
      const ask = said(asked, resource) ?? 0
      const amount = said(used, resource) ?? ask
      this.#add(resource, -ask)
      isOver ||= amount > ask
      this.#note(this.#settled, policy, resource, { at, amount })
      this.#note(this.#begun, policy, resource, { at, amount: amount - ask })
    }
    return isOver
  }

  /** What was used under other limits says nothing about these. */
  change(before: Policy, now: Policy): void {
    for (const kept of [this.#settled, this.#begun])
      for (const [resource, used] of kept)
        if (JSON.stringify(limitsOf(before, resource)) !== JSON.stringify(limitsOf(now, resource)))
          kept.set(
            resource,
            used.map((use) => ({ ...use, isUnderLimit: false })),
          )
  }

  #add(resource: string, amount: number): void {
    const sum = (this.#reserved.get(resource) ?? 0) + amount
    if (sum === 0) this.#reserved.delete(resource)
    else this.#reserved.set(resource, sum)
  }
}
