import type { Micros, Units } from '../values/job.ts'
import type { LinePosition, ModelKey } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'

/** A model that some live job needs, or a place that a live job has or is pinned to (site.ts). */
export interface Model extends ModelKey {
  /** Active jobs that have it; of a batch one. */
  readonly holders: Tree<LinePosition>
  /** Due jobs that wait for it, in line order. */
  readonly line: Tree<LinePosition>
  /** Jobs in line that reserve because they were overtaken often enough. Empty under `maxOvertakes` 0 and null. */
  readonly reserved: Tree<LinePosition>
  /** Those of them that are offered. */
  readonly offers: Tree<LinePosition>
  /** Jobs that have all of it, or wait in line for all of it. */
  readonly whole: Tree<LinePosition>
  /** The times of its last starts, as many as its rate allows; null: it has no rate, or nothing started under it. */
  readonly starts: Tree<Micros> | null
  /** Of a place with units: its line once more, by what the jobs ask of it; null: it has no units, or nobody waits for it. */
  readonly asks: readonly AskLine[] | null
  /** What is used of it, if it is a resource that has a limit (meter.ts); null: it is none, or nothing was used under that limit. */
  readonly meter: Meter | null
}

/** Those in the line of a place with units that ask the same of it. */
export interface AskLine {
  /** Null: all of it. */
  readonly ask: Units | null
  readonly line: Tree<LinePosition>
}

/** What is used of a resource. */
export interface Meter {
  /** What active jobs expect to use. */
  readonly reserved: number
  /** For each of its windows what jobs that ended have used, in order of time: that of the window, and one before. */
  readonly ended: readonly Tree<Settled>[]
}

export interface Settled {
  readonly at: Micros
  /** All that was used up to then. */
  readonly sum: number
}
