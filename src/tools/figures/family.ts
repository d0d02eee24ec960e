import type { HistogramReading } from './meter/histogram.ts'

export type Labels = Readonly<Record<string, string>>

/** One value of a metric. A histogram has many in one. */
export interface Sample {
  readonly labels: Labels
  readonly value: number | HistogramReading
  /** Of a counter or a histogram: since when it counts, in seconds since 1970. */
  readonly created?: number
}

/** A metric with its help and its values. */
export interface Family {
  /** Without the ending `_total` of counters and `_info`. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info'
  readonly help: string
  readonly samples: readonly Sample[]
}
