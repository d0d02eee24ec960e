import type { Units } from '../values/job.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Compare } from '../values/tree-node.ts'

/** What a scan reads: jobs in line order. */
type Source =
  /** The line of a model, or of a place: of one that has units, that of those who ask the same of it; null: all of the place. */
  | { readonly of: 'line'; readonly name: string; readonly ask: Units | null }
  /** The same, past jobs whose offers have run out. */
  | { readonly of: 'lapsed'; readonly name: string }
  /** Jobs that are alike. */
  | { readonly of: 'class'; readonly name: string }
  /** One job that just came, by its number among those that did. */
  | { readonly of: 'arrived'; readonly name: string }
  /** Those that run alone; those whose models are free in strict order. */
  | { readonly of: 'exclusives' | 'ready' }

/** Where a scan stands in what it reads, and how to go on. */
export interface Cursor {
  readonly position: LinePosition
  readonly source: Source
  readonly next: (position: LinePosition) => LinePosition | undefined
}

const order = { exclusives: 0, lapsed: 1, arrived: 2, class: 3, ready: 4, line: 5 }

const nameOf = (source: Source): string => ('name' in source ? source.name : '')

/** In line order. Those that stand at one job are told apart by what they read. */
export const byLine: Compare<Cursor> = (a, b) =>
  byPosition(a.position, b.position) || bySource(a.source, b.source)

function bySource(a: Source, b: Source): number {
  if (a.of !== b.of) return order[a.of] - order[b.of]
  const [one, other] = [nameOf(a), nameOf(b)]
  return one === other ? 0 : one < other ? -1 : 1
}
