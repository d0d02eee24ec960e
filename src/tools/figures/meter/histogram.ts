import { MICROS_PER_SECOND, type Micros } from '../../../engine/core/index.ts'

/** A histogram as it is read: how many values are at most each bound, how many there are, and their sum in seconds. */
export interface HistogramReading {
  readonly buckets: readonly (readonly [bound: number, count: number])[]
  readonly count: number
  readonly sum: number
}

/** The lengths of time that are counted, and what their families are called. */
export const lengths = { waits: 'interlock_queue_wait_seconds', runs: 'interlock_queue_run_seconds' } as const

/** Is given each length when it is measured, in seconds: for a counter that takes no sums. */
export type Recorders = Readonly<Record<keyof typeof lengths, (seconds: number) => void>>

/** Counts lengths of time by how long they are. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  readonly #record: ((seconds: number) => void) | undefined
  #count = 0
  #micros = 0

  /** @param bounds in seconds, rising */
  constructor(bounds: readonly number[], record?: (seconds: number) => void) {
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
    this.#record = record
  }

  observe(micros: Micros): void {
    this.#count++
    this.#micros += micros
    const seconds = micros / MICROS_PER_SECOND
    const at = this.#bounds.findIndex((bound) => seconds <= bound)
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#record?.(seconds)
  }

  get reading(): HistogramReading {
    let below = 0
    const buckets = this.#bounds.map((bound, i) => {
      below += this.#counts[i] ?? 0
      return [bound, below] as const
    })
    return { buckets, count: this.#count, sum: this.#micros / MICROS_PER_SECOND }
  }
}
