import { mulberry32 } from '../../../../bench/frame/chance.ts'
import type { Request } from '../../../../bench/schedule/trace.ts'

/** Written down before anything was tuned to the trace. */
const SEED = 20_261_201

/** Jobs in a row, and those that the queue ran before them. */
export interface Stretch {
  /** The number of its first request in the trace, from 0. */
  readonly from: number
  readonly before: readonly Request[]
  readonly requests: readonly Request[]
}

/** So many stretches, each anywhere in the trace. */
export function drawn(
  trace: readonly Request[],
  count: number,
  length: number,
  seed = SEED,
): readonly Stretch[] {
  const chance = mulberry32(seed)
  return Array.from({ length: count }, () => {
    const from = length + Math.floor(chance() * (trace.length - 2 * length))
    return { from, before: trace.slice(from - length, from), requests: trace.slice(from, from + length) }
  })
}
