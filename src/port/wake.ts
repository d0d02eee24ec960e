/**
 * Which processes an append concerns, beside the one that made it: nobody, processes with a free slot (there may be something to
 * start), or all.
 */
export type Concern = 'nobody' | 'free' | 'all'

/** What came in beside the log: rows of `jobs`, commands by SQL, or both (also if it is not known which). */
export type Incoming = 'rows' | 'requests' | 'both'

export type OnWake = (
  version?: number,
  incoming?: Incoming | false,
  concern?: Concern,
  handled?: readonly string[],
) => void

/** Role "wake-ups": hints that something has happened. */
export interface WakeRole {
  /**
   * Calls `onWake` soon after somebody appended, with the version that the log was at, if it is known. With `incoming`, something
   * came in beside the log. Without either, both may have happened. `concern` (all unless given): the processes that the append
   * concerns. `handled`: the senders whose handed-in commands (`DecidingRole`) are finished. A call is only a hint: it may be
   * late, double, or lost. Returns how to stop.
   */
  listen(queue: string, onWake: OnWake): Promise<() => Promise<void>>
}
