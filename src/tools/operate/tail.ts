import type { Micros, RecordedEvent } from '../../engine/core/index.ts'

/** The most events in memory. They feed the streams, and bring recent ledgers up to date. */
const MOST = 5_000

/** The end of a log. */
export interface Tail {
  /** The number before its first event. */
  readonly base: number
  readonly version: number
  /** The time of its last event; null if it has no event. */
  readonly lastAt: Micros | null
  /** At most `most` events after a number; null if they are not in the tail. */
  after(seq: number, most: number): readonly RecordedEvent[] | null
  /** @returns true if they follow without a gap */
  push(events: readonly RecordedEvent[]): boolean
}

/** @param base the log ends there */
export function tailFrom(base: number): Tail {
  let events: RecordedEvent[] = []
  let first = base
  return {
    get base() {
      return first
    },
    get version() {
      return first + events.length
    },
    get lastAt() {
      return events.at(-1)?.at ?? null
    },
    after: (seq, most) => (seq < first ? null : events.slice(seq - first, seq - first + most)),
    push: (more) => {
      let next = first + events.length
      for (const event of more) if (event.seq !== ++next) return false
      events.push(...more)
      // In large steps, so that it costs nothing per event.
      if (events.length > 2 * MOST) {
        first += events.length - MOST
        events = events.slice(-MOST)
      }
      return true
    },
  }
}
