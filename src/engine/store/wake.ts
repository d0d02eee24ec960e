import type { Micros, RecordedEvent } from '../core/index.ts'
import type { Concern, ReceivedAnswers } from './append.ts'
import type { NotedProgress } from './side-data.ts'

/** What came in beside the log: rows of `jobs`, commands by SQL, or both (also if it is unknown which). */
export type Incoming = 'rows' | 'requests' | 'both'

/** What an append has written, sent with its notification. Only a reader that knows the log exactly up to `after` may use it. */
export interface News {
  readonly after: number
  /** The time of the event `after`, 0 before the first one. If the reader has another time there, it is another log. */
  readonly at: Micros
  readonly version: number
  readonly epoch: number
  /** The append waits for a standby: see `AppendRole.confirm`. */
  readonly isUnconfirmed?: boolean
  /** @throws InterlockError if it is not a list of events */
  readonly events: () => readonly RecordedEvent[]
}

/** What a listener is told. Each is only a hint: it may be late, come twice, or get lost. */
export type Wake =
  /** Messages may have been missed: an append, and whatever comes in beside the log. */
  | { readonly type: 'missed' }
  /** The log grew: up to which version, if that is known, which processes it concerns, and the events if they come with it. */
  | Appended
  /** Something came in beside the log. `again`: more may have come after the last message, without one. */
  | { readonly type: 'incoming'; readonly incoming: Incoming; readonly again?: true }
  /** Commands that these processes published (`CombiningRole`) were carried out, or need no append. */
  | { readonly type: 'answered'; readonly senders: readonly string[]; readonly version?: number | undefined }
  /** The combiner has resigned. */
  | { readonly type: 'resigned' }
  /** What came of commands that were published over this store. */
  | { readonly type: 'answers'; readonly answers: ReceivedAnswers }
  /** A running attempt has noted its progress, and this store was asked to tell (`DataRole.watch`). */
  | { readonly type: 'noted'; readonly note: NotedProgress }

interface Appended {
  readonly type: 'appended'
  readonly version?: number | undefined
  readonly concern: Concern
  readonly news?: News | undefined
}

export type OnWake = (wake: Wake) => void

/** Role "wake-ups": hints that something has happened. */
export interface WakeRole {
  /**
   * Calls `onWake` soon after an append, and after whatever else {@link Wake} names. Returns the function that stops it.
   */
  listen(queue: string, onWake: OnWake): Promise<() => Promise<void>>
}
