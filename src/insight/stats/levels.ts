import type { Micros } from '../../core/index.ts'

/** A stretch of time, cut into slices of equal length. */
export interface Slices {
  readonly from: Micros
  readonly to: Micros
  readonly count: number
}

export const sliceOf = ({ from, to, count }: Slices, at: Micros): number =>
  Math.min(count - 1, Math.max(0, Math.floor(((at - from) / Math.max(1, to - from)) * count)))

/** A number that changes at moments and stays between them: how many wait, say. Knows its mean in each slice. */
export class Level {
  readonly #slices: Slices
  readonly #areas: number[]
  #value: number
  #at: Micros
  #most: number

  constructor(slices: Slices, value = 0) {
    this.#slices = slices
    this.#areas = new Array<number>(slices.count).fill(0)
    this.#at = slices.from
    this.#value = value
    this.#most = value
  }

  get value(): number {
    return this.#value
  }

  /** The greatest value that it had. */
  get most(): number {
    return this.#most
  }

  /** Times only grow; what lies outside of the stretch counts for nothing. */
  set(at: Micros, value: number): void {
    this.#advance(at)
    this.#value = value
    this.#most = Math.max(this.#most, value)
  }

  /** The mean of each slice; the value holds on to the end of the stretch. */
  means(): readonly number[] {
    const { from, to, count } = this.#slices
    this.#advance(to)
    return this.#areas.map((area) => (area * count) / Math.max(1, to - from))
  }

  /** Value × time, in microseconds, over the whole stretch. */
  area(): number {
    this.#advance(this.#slices.to)
    return this.#areas.reduce((sum, area) => sum + area, 0)
  }

  #advance(until: Micros): void {
    const { from, to, count } = this.#slices
    const end = Math.min(until, to)
    const length = (to - from) / count
    while (this.#at < end) {
      const begun = sliceOf(this.#slices, this.#at)
      // At a border rounding may name the slice that ends there.
      const slice = from + (begun + 1) * length > this.#at ? begun : Math.min(count - 1, begun + 1)
      const border = slice === count - 1 ? end : Math.min(end, from + (slice + 1) * length)
      // Slices finer than the clock must not stop it.
      const next = border > this.#at ? border : end
      this.#areas[slice] = (this.#areas[slice] ?? 0) + this.#value * (next - this.#at)
      this.#at = next
    }
  }
}
