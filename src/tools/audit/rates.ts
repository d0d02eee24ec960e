import type { Policy } from '../../engine/core/index.ts'
import { ruleFor } from './rules.ts'

interface RatedStart {
  readonly at: number
  /** The rate has not changed since. */
  readonly isUnderRate: boolean
}

/**
 * Starts per model under a rate. What is too many is judged from the last change of the rate on. But a start before that change may
 * hold back a job after it, so it goes on counting as an excuse.
 */
export class Rates {
  readonly #starts = new Map<string, readonly RatedStart[]>()

  /** Starts that were noted before the log begins. */
  recall(model: string, starts: readonly number[]): void {
    this.#starts.set(
      model,
      starts.map((at) => ({ at, isUnderRate: true })),
    )
  }

  /** Notes a start; true if the window that ends with it holds more than the rate allows. */
  note({ rate }: Policy, model: string, at: number): boolean {
    const own = ruleFor(rate, model)
    if (own === undefined) return false
    const from = at - own.perSeconds * 1e6
    const starts = [...(this.#starts.get(model) ?? []), { at, isUnderRate: true }]
    // A longer window may follow: the last ones are kept however old they are.
    const kept = starts.filter((start, i) => start.at >= from || i >= starts.length - own.starts)
    this.#starts.set(model, kept)
    return kept.filter((start) => start.isUnderRate && start.at >= from).length > own.starts
  }

  /** True if one more start now, or up to a second before, could have been too many: clocks may differ by a second. */
  mayBeFull({ rate }: Policy, model: string, at: number): boolean {
    const own = ruleFor(rate, model)
    if (own === undefined) return false
    const from = at - own.perSeconds * 1e6 - 1e6
    return (this.#starts.get(model) ?? []).filter((start) => start.at >= from).length >= own.starts
  }

  change(before: Policy, now: Policy): void {
    for (const [model, starts] of this.#starts) {
      const [old, own] = [ruleFor(before.rate, model), ruleFor(now.rate, model)]
      if (own === undefined) this.#starts.delete(model)
      else if (old?.starts !== own.starts || old.perSeconds !== own.perSeconds)
        this.#starts.set(
          model,
          starts.map(({ at }) => ({ at, isUnderRate: false })),
        )
    }
  }
}
