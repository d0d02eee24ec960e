import type { Browser } from 'playwright-core'
import type { Context, Row } from '../frame/bench.ts'

/** One thing that is measured; `--only` chooses by its id. */
export interface Part {
  readonly id: string
  /** @returns the figures of one run, by their names */
  measure(context: Context, browser: Browser): Promise<Readonly<Record<string, number>>>
  /** Each figure, in the order of the table. */
  readonly figures: Readonly<Record<string, Pick<Row, 'what' | 'unit' | 'goal'>>>
  /** Why it cannot be measured here, if so. */
  readonly lacks?: (context: Context) => string | undefined
}
