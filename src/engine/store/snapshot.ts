/**
 * The folded ledger at a sequence number, unchecked. Its state describes its chunks, `{shape, maker, chunks, …}`; in releases
 * before shape 3 it is the ledger itself.
 */
export interface StoredSnapshot {
  readonly seq: number
  readonly state: unknown
}

/** Names a chunk: that of a snapshot at a number, written by one maker, counted from 0. */
export interface ChunkKey {
  readonly seq: number
  /** A random name for one snapshot, so that two processes can write one at the same number. 1 to 100 characters. */
  readonly maker: string
  readonly n: number
}

/** A part of a snapshot, as lines of JSON: 4 MB at most. */
export interface SnapshotChunk extends ChunkKey {
  readonly body: string
}

/** Role "snapshots": stored ledgers, so that a process that starts reads only newer events. */
export interface SnapshotRole {
  /** The newest snapshot that is not newer than `upTo` (null: the newest of all); null if there is none. */
  snapshot(queue: string, upTo: number | null): Promise<StoredSnapshot | null>
  /**
   * Keeps a snapshot for processes that start later, and for a cut; the newest four stay. A snapshot whose state has `chunks`
   * consists of what the same `maker` gave {@link SnapshotRole.putChunk}, and is visible from then on. False: there is one at
   * that number already, which stays. `incomplete`: some of its chunks are not there (any more).
   */
  putSnapshot(queue: string, snapshot: StoredSnapshot): Promise<boolean | 'incomplete'>
  /**
   * Keeps a part of a snapshot that is still being made: nobody sees it before {@link SnapshotRole.putSnapshot}. If its maker
   * does not come back for 10 minutes, a later call deletes it.
   */
  putChunk(queue: string, chunk: SnapshotChunk): Promise<void>
  /** The body of a chunk; null if it is not there (any more). */
  chunk(queue: string, key: ChunkKey): Promise<string | null>
}
