import type { Policy } from '../core/index.ts'

/**
 * Starts per model under a rate, from its last change on. A window that began before the change counts what came after it.
 */
export class Rates {
  readonly #starts = new Map<string, number[]>()

  /** Starts that were noted before the log begins. */
  recall(model: string, starts: number[]): void {
    this.#starts.set(model, starts)
  }

  /** Notes a start; true if the window that ends with it holds more than the rate allows. */
  note({ rate }: Policy, model: string, at: number): boolean {
    const own = Object.hasOwn(rate, model) ? rate[model] : undefined
    if (own === undefined) return false
    const from = at - own.perSeconds * 1e6
    const recent = [...(this.#starts.get(model) ?? []).filter((start) => start >= from), at]
    this.#starts.set(model, recent)
    return recent.length > own.starts
  }

  /** True if one more start now, or up to a second before, could have been too many: clocks may differ by a second. */
  mayBeFull({ rate }: Policy, model: string, at: number): boolean {
    const own = Object.hasOwn(rate, model) ? rate[model] : undefined
    if (own === undefined) return false
    const from = at - own.perSeconds * 1e6 - 1e6
    return (this.#starts.get(model) ?? []).filter((start) => start >= from).length >= own.starts
  }

  change(before: Policy, now: Policy): void {
    for (const model of this.#starts.keys()) {
      const [old, own] = [before.rate[model], now.rate[model]]
      if (old?.starts !== own?.starts || old?.perSeconds !== own?.perSeconds) this.#starts.delete(model)
    }
  }
}
