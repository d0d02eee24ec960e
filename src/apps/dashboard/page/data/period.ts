import {
  type Ledger,
  MICROS_PER_SECOND,
  type Micros,
  type RecordedEvent,
} from '../../../../engine/core/index.ts'
import type { LiveQueue } from './live.ts'

/** The periods to choose from, in seconds. */
export const lengths = { '15 min': 900, '1 h': 3_600, '24 h': 86_400, 'all loaded': null } as const
export type Length = keyof typeof lengths

/** The loaded events of a period, in the form that `interlock stats --since` uses. */
export interface LoadedPeriod {
  readonly before: Ledger
  readonly events: readonly RecordedEvent[]
  readonly period: {
    readonly after: number
    readonly upTo: number
    readonly from: Micros
    readonly to: Micros
  }
}

/** Null: nothing has happened in it. */
export function periodIn(
  live: LiveQueue,
  length: Length,
  to: { readonly seq: number; readonly at: Micros },
): LoadedPeriod | null {
  const { replica } = live
  const seconds = lengths[length]
  const wanted = seconds === null ? 0 : to.at - seconds * MICROS_PER_SECOND
  const first = replica.event(replica.base + 1)
  if (first === undefined) return null
  let after = replica.base
  while (after < to.seq && (replica.event(after + 1)?.at ?? wanted) < wanted) after++
  const before = replica.at(after)
  const begun = replica.event(after + 1)
  if (before === undefined || begun === undefined || after >= to.seq) return null
  const from = Math.max(first.at, wanted)
  const events = replica.events.slice(after - replica.base, to.seq - replica.base)
  return { before, events, period: { after, upTo: to.seq, from, to: Math.max(from + 1, to.at) } }
}
