import type { Micros, RecordedEvent } from '../core/index.ts'
import type { HeardAnswers, HeardCommands } from './append.ts'

/**
 * Which processes an append concerns, beside the one that made it: nobody, processes with a free slot (there may be something to
 * start), or all.
 */
export type Concern = 'nobody' | 'free' | 'all'

/** What came in beside the log: rows of `jobs`, commands by SQL, or both (also if it is unknown which). */
export type Incoming = 'rows' | 'requests' | 'both'

/** What an append has written, sent with its notification. Only a reader that knows the log exactly up to `after` may use it. */
export interface News {
  readonly after: number
  /** The time of the event `after`, 0 before the first one. If the reader has another time there, it is another log. */
  readonly at: Micros
  readonly version: number
  readonly epoch: number
  /** @throws InterlockError if it is not a list of events */
  readonly events: () => readonly RecordedEvent[]
}

export type OnWake = (
  version?: number,
  incoming?: Incoming | false,
  concern?: Concern,
  handled?: readonly string[] | null,
  news?: News,
  answers?: HeardAnswers,
  commands?: HeardCommands,
) => void

/** Role "wake-ups": hints that something has happened. */
export interface WakeRole {
  /**
   * Calls `onWake` soon after an append, with the version of the log if that is known. With `incoming`, something came in beside
   * the log. Without either, both may have happened. `concern` (all unless given): the processes that the append concerns.
   * `handled`: the senders whose handed-in commands (`DecidingRole`) are finished, or null: the process that decided has resigned. `news`: the appended events, if they come with
   * it. `answers`: what came of commands that were handed in over this store. `commands`: those that the process that decides is told of. A call is only a hint: it may be late, come twice, or get
   * lost. Returns the function that stops it.
   */
  listen(queue: string, onWake: OnWake): Promise<() => Promise<void>>
}
