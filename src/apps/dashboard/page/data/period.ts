import { signal } from '@preact/signals'
import {
  type Ledger,
  MICROS_PER_SECOND,
  type Micros,
  type RecordedEvent,
} from '../../../../engine/core/index.ts'
import type { PageContext } from '../frame/context.ts'
import type { LiveQueue } from './live.ts'

/** The lengths to choose from, in seconds. */
export const lengths = { '15 min': 900, '1 h': 3_600, '24 h': 86_400, 'all loaded': null } as const
export type Length = keyof typeof lengths
export const lengthNames = Object.keys(lengths) as Length[]

/** From when to when. */
export interface ShownPeriod {
  readonly from: Micros
  readonly to: Micros
}

/** What the user has chosen, for all screens: so long up to the moment that is shown, or a period of its own. */
export const chosen = signal<Length | ShownPeriod>('1 h')

/** The period that is chosen; it begins no earlier than what is loaded. */
export function chosenPeriod({ live, shown }: PageContext): ShownPeriod {
  if (typeof chosen.value !== 'string') return chosen.value
  const seconds = lengths[chosen.value]
  const to = Math.max(shown.ledger.value.lastAt, shown.now())
  const first = live.replica.event(live.base.value + 1)?.at ?? to
  const from = seconds === null ? first : Math.max(first, to - seconds * MICROS_PER_SECOND)
  return { from: Math.min(from, to - LEAST), to }
}

/** The shortest period that can be shown: a millisecond. */
const LEAST: Micros = 1_000

/** @param part where the pointer is, 0 to 1: the moment below it stays there */
export function zoomed({ from, to }: ShownPeriod, times: number, part = 0.5): ShownPeriod {
  const length = Math.max(LEAST, (to - from) * times)
  const at = from + (to - from) * part
  return { from: Math.round(at - length * part), to: Math.round(at + length * (1 - part)) }
}

/** @param part of the length of the period, forwards or backwards */
export function panned({ from, to }: ShownPeriod, part: number): ShownPeriod {
  const by = Math.round((to - from) * part)
  return { from: from + by, to: to + by }
}

/** How many items of a sorted list are at or before a time. */
export function countUpTo<T>(sorted: readonly T[], at: number, timeOf: (item: T) => number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = sorted[middle]
    if (item !== undefined && timeOf(item) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** The loaded events of a period, in the form that `interlock stats --since` uses. */
export interface LoadedPeriod {
  readonly before: Ledger
  readonly events: readonly RecordedEvent[]
  readonly period: ShownPeriod & { readonly after: number; readonly upTo: number }
}

/** Null: nothing has happened in it. */
export function loadedIn({ replica, version }: LiveQueue, { from, to }: ShownPeriod): LoadedPeriod | null {
  // A display that is held shows nothing that came since.
  const known = replica.events.slice(0, version.peek() - replica.base)
  const countAt = (at: Micros) => countUpTo(known, at, (event) => event.at)
  const events = known.slice(countAt(from - 1), countAt(to))
  const [first, last] = [events[0], events.at(-1)]
  const before = first && replica.at(first.seq - 1)
  if (first === undefined || last === undefined || before === undefined) return null
  const begin = Math.max(from, replica.event(replica.base + 1)?.at ?? from)
  const period = { after: first.seq - 1, upTo: last.seq, from: begin, to: Math.max(begin + 1, to) }
  return { before, events, period }
}
