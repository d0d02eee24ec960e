import type { Micros } from '../core/index.ts'

/** A page of the hash chain of a queue: each event as the text that its hash is made over, and the hash it carries. */
export interface ChainPage {
  readonly version: number
  /** Events after this one are chained. */
  readonly chainFrom: number
  /** The hash from which it goes on, where the events before are gone; null: made from the name of the queue. */
  readonly start: string | null
  /** Of the last event, in hexadecimal: the anchor. */
  readonly head: string
  readonly events: readonly { readonly seq: number; readonly text: string; readonly hash: string | null }[]
}

/** What became of the events that were archived and kept, from `first` to `through`. */
export interface KeptEvents {
  readonly first: number
  readonly through: number
  /** The first of them that is not there any more. */
  readonly missing: number | null
  /** All are there, and one of them is not what it was. */
  readonly changed: boolean
}

/** Role "archive": takes old events out of the log, and shows that what was kept is as it was. */
export interface ArchiveRole {
  /**
   * Takes the events up to a snapshot out of the log: with `keep` to where `read` still finds them, else for good, and with
   * them what is kept beside the log of jobs that came before and have ended. Of jobs that had not ended by then everything is
   * known as before: a job that fails is among the dead. `unkept`: how many went with them that earlier calls had kept.
   * @throws InterlockError `invalid_input` when there is no snapshot at that number
   */
  archive(
    queue: string,
    through: number,
    keep: boolean,
  ): Promise<{ readonly archivedSeq: number; readonly archived: number; readonly unkept: number }>
  /**
   * Where to cut the log so that nothing older than a time is left in it, for the one process that is to do it: the number of the
   * last older event. Null: there is not an hour's worth of them, or another process has been told so less than 55 minutes ago and
   * has not cut since.
   */
  claimCut(queue: string, before: Micros): Promise<number | null>
  /** Whether what was archived and kept is there as it was; null where nothing was kept. Reads all of it. */
  kept(queue: string): Promise<KeptEvents | null>
  /** The chain after an event, at most `limit` (1..10,000) of it; null: the queue keeps none, or the store cannot. */
  chain(queue: string, after: number, limit: number): Promise<ChainPage | null>
  /** From the next event on, each carries the hash of the one before it. Stays; again does nothing. */
  startChain(queue: string): Promise<void>
}
