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

/** Role "snapshots": ledgers that were written down, so that a process that starts reads only what came after. */
export interface SnapshotRole {
  /** The newest snapshot that is no newer than `upTo` (null: the newest of all); null when there is none. */
  snapshot(queue: string, upTo: number | null): Promise<StoredSnapshot | null>
  /**
   * Keeps a snapshot for processes that start later, and for a cut; the newest four stay. One whose state says `chunks` is made of
   * what {@link SnapshotRole.putChunk} was given by the same `maker`, and is seen from then on. False: there is one at that number already,
   * which stays as it is. `incomplete`: not all its chunks are there (any more).
   */
  putSnapshot(queue: string, snapshot: StoredSnapshot): Promise<boolean | 'incomplete'>
  /**
   * Keeps a part of a snapshot that is still being made: nobody sees it before {@link SnapshotRole.putSnapshot}. Of a maker that has not
   * come back for 10 minutes it is taken away by a later call.
   */
  putChunk(queue: string, chunk: SnapshotChunk): Promise<void>
  /** The body of a chunk; null when it is not there (any more). */
  chunk(queue: string, key: ChunkKey): Promise<string | null>
}
