/**
 * Which processes an append concerns, beside the one that made it: nobody, processes with a free slot (there may be something to
 * start), or all.
 */
export type Concern = 'nobody' | 'free' | 'all'

/** What came in beside the log: rows of `jobs`, commands by SQL, or, where it is not known which, both. */
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
   * Called soon after somebody appended, with the version the log was at then, where that is known; and, with an
   * `incoming`, soon after something came in beside the log. Without either, both may be so. `concern` (all unless given): which
   * processes what was appended concerns. `handled`: whose commands that were handed in (`DecidingRole`) are done with. A hint only: it may come late, double, or never. Returns how to stop.
   */
  listen(queue: string, onWake: OnWake): Promise<() => Promise<void>>
}
