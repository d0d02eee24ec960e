import type { Micros } from '../core/index.ts'

/** A page of a queue's hash chain: each event as the text that is hashed, with its hash. */
export interface ChainPage {
  readonly version: number
  /** Events after this one are on the chain. */
  readonly chainFrom: number
  /** The hash from which the chain goes on, if the events before are gone; null: it begins with the queue's name. */
  readonly start: string | null
  /** The hash of the last event, in hexadecimal: the anchor. */
  readonly head: string
  readonly events: readonly { readonly seq: number; readonly text: string; readonly hash: string | null }[]
}

/** The state of the events that were archived and kept, from `first` to `through`. */
export interface KeptEvents {
  readonly first: number
  readonly through: number
  /** The number of the first one that is missing; null: none is. */
  readonly missing: number | null
  /** True if all are there, and one of them was changed. */
  readonly changed: boolean
}

/** Role "archive": takes old events out of the log, and checks those that were kept. */
export interface ArchiveRole {
  /**
   * Takes the events up to a snapshot out of the log. With `keep`, `read` still finds them; otherwise they are erased, together
   * with the data of jobs that had ended by then. Jobs that had not ended lose nothing: if one fails, it is among the dead
   * letters. `unkept`: how many events that earlier calls had kept were erased too.
   * @throws InterlockError `invalid_input` if there is no snapshot at that number
   */
  archive(
    queue: string,
    through: number,
    keep: boolean,
  ): Promise<{ readonly archivedSeq: number; readonly archived: number; readonly unkept: number }>
  /**
   * Where to cut the log so that it has nothing older than a time: the number of the last older event. One process gets the task.
   * Null: there is less than an hour's worth to cut, or another process got the task less than 55 minutes ago and has not cut
   * since.
   */
  claimCut(queue: string, before: Micros): Promise<number | null>
  /** Whether the archived events that were kept are still there and unchanged; null if none were kept. Reads all of them. */
  kept(queue: string): Promise<KeptEvents | null>
  /** The chain after an event, at most `limit` (1..10,000) events; null: the queue keeps none, or the store cannot. */
  chain(queue: string, after: number, limit: number): Promise<ChainPage | null>
  /** From the next event on, each carries the hash of the one before it. It cannot be undone; a second call does nothing. */
  startChain(queue: string): Promise<void>
}
