import type { Micros, RecordedEvent } from '../core/index.ts'

/** One page of the log, ascending. `version` is the head at the time of reading; `now` the database's clock. */
export interface LogPage {
  readonly events: readonly RecordedEvent[]
  readonly version: number
  readonly epoch: number
  readonly now: Micros
  /** Events up to this one were archived. A page that begins before it is empty when they were not kept. */
  readonly archivedSeq: number
}

/** The same page with the rows as they are kept, of which nobody has looked whether they can be read. */
export interface RowPage extends Omit<LogPage, 'events'> {
  readonly rows: readonly unknown[]
}

/**
 * The folded ledger at a sequence number; not checked. What stands for its chunks, `{shape, maker, chunks, …}`; of releases before
 * the shape 3 the ledger itself.
 */
export interface StoredSnapshot {
  readonly seq: number
  readonly state: unknown
}

/** Which chunk: of the snapshot at a number that this maker writes, counted from 0. */
export interface ChunkKey {
  readonly seq: number
  /** Made up for one snapshot, so that two processes may write one at the same number. 1 to 100 characters. */
  readonly maker: string
  readonly n: number
}

/** A part of a snapshot, as lines of JSON: 4 MB at most. */
export interface SnapshotChunk extends ChunkKey {
  readonly body: string
}

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
