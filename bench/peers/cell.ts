import type { Context } from '../frame/bench.ts'
import type { Ground } from './ground.ts'
import type { Peer } from './peer.ts'

/** What a cell is measured with. */
export interface Means {
  readonly context: Context
  readonly ground: Ground
}

export interface Figure {
  readonly name: string
  readonly what: string
  readonly unit: string
}

/** One measurement of one peer: a line of the table, or a few. */
export interface Cell {
  /** By which it is chosen: `drain/10-keys/2`. */
  readonly id: string
  readonly figures: readonly Figure[]
  /** How many keys it needs. */
  readonly keys: number
  /** Only ours can be measured: the others have nothing like it. */
  readonly ours?: boolean
  /** All peers at once, where they hardly use the machine. */
  readonly together?: boolean
  /** Measured by `--quick` too. */
  readonly quick?: boolean
  measure(peer: Peer, means: Means): Promise<Readonly<Record<string, number>>>
}
