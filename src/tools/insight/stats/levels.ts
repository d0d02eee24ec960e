import type { Micros } from '../../../engine/core/index.ts'

/** A period, cut into slices of equal length. */
export interface Slices {
  readonly from: Micros
  readonly to: Micros
  readonly count: number
}

export const sliceOf = ({ from, to, count }: Slices, at: Micros): number =>
  Math.min(count - 1, Math.max(0, Math.floor(((at - from) / Math.max(1, to - from)) * count)))

/** A number that changes at moments and stays between them, such as how many jobs wait. Knows its mean in each slice. */
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

  /** Its greatest value. */
  get most(): number {
    return this.#most
  }

  /** Times must not fall. What lies outside the period does not count. */
  set(at: Micros, value: number): void {
    this.#advance(at)
    this.#value = value
    this.#most = Math.max(this.#most, value)
  }

  /** The mean of each slice; the last value holds until the period ends. */
  means(): readonly number[] {
    const { from, to, count } = this.#slices
    this.#advance(to)
    return this.#areas.map((area) => (area * count) / Math.max(1, to - from))
  }

  /** Value × time, in microseconds, over the whole period. */
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
      // At a border, rounding may name the slice that ends there.
      const slice = from + (begun + 1) * length > this.#at ? begun : Math.min(count - 1, begun + 1)
      const border = slice === count - 1 ? end : Math.min(end, from + (slice + 1) * length)
      // Slices finer than the clock must not stop the loop.
      const next = border > this.#at ? border : end
      this.#areas[slice] = (this.#areas[slice] ?? 0) + this.#value * (next - this.#at)
      this.#at = next
    }
  }
}
