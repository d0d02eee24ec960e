import type { Micros, RecordedEvent } from '../core/index.ts'

/**
 * Which processes an append concerns, beside the one that made it: nobody, processes with a free slot (there may be something to
 * start), or all.
 */
export type Concern = 'nobody' | 'free' | 'all'

/** What came in beside the log: rows of `jobs`, commands by SQL, or, where it is not known which, both. */
export type Incoming = 'rows' | 'requests' | 'both'

/** What an append has written, told with it. Only who knows the log exactly up to `after` may take it for what comes next. */
export interface News {
  readonly after: number
  /** The time of the event `after`, 0 before the first one; another one there: it is another log. */
  readonly at: Micros
  readonly version: number
  readonly epoch: number
  /** @throws InterlockError where it is no list of events */
  readonly events: () => readonly RecordedEvent[]
}

export type OnWake = (
  version?: number,
  incoming?: Incoming | false,
  concern?: Concern,
  handled?: readonly string[],
  news?: News,
) => void

/** Role "wake-ups": hints that something has happened. */
export interface WakeRole {
  /**
   * Called soon after somebody appended, with the version the log was at then, where that is known; and, with an
   * `incoming`, soon after something came in beside the log. Without either, both may be so. `concern` (all unless given): which
   * processes what was appended concerns. `handled`: whose commands that were handed in (`DecidingRole`) are done with. `news`: what was appended, where
   * it is told. A hint only: it may come late, double, or never. Returns how to stop.
   */
  listen(queue: string, onWake: OnWake): Promise<() => Promise<void>>
}
