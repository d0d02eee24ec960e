import { invalidInput, type Micros } from '../../core/index.ts'
import type { ChunkKey, LogStore, SnapshotChunk, StoredSnapshot } from '../index.ts'
import type { MemoryQueue } from './database.ts'

const KEPT_SNAPSHOTS = 4

/** A maker that has written nothing for this long counts as gone. */
const LEFT_OVER: Micros = 600_000_000

/** The calls of a store that concern snapshots, for the queues of a database. */
export function snapshotCalls(
  queueOf: (name: string) => MemoryQueue,
  now: () => Micros,
): Pick<LogStore, 'snapshot' | 'putSnapshot' | 'putChunk' | 'chunk'> {
  return {
    snapshot: async (name, upTo) =>
      queueOf(name).snapshots.findLast(({ seq }) => upTo === null || seq <= upTo) ?? null,
    putSnapshot: async (name, snapshot) => keep(queueOf(name), snapshot, now()),
    putChunk: async (name, chunk) => putChunk(queueOf(name), chunk, now()),
    chunk: async (name, key) => queueOf(name).chunks.find((chunk) => isOf(chunk, key))?.body ?? null,
  }
}

/** `job_queue_put_snapshot`: one snapshot per number. Keeps the newest ones, and that of the cut. */
function keep(queue: MemoryQueue, snapshot: StoredSnapshot, now: Micros): boolean | 'incomplete' {
  const { seq } = snapshot
  checkSeq(queue, seq)
  if (!isWhole(queue, snapshot)) return 'incomplete'
  const isNew = !queue.snapshots.some((kept) => kept.seq === seq)
  if (isNew) {
    const all = [...queue.snapshots, snapshot].toSorted((a, b) => a.seq - b.seq)
    const oldest = all.at(-KEPT_SNAPSHOTS)?.seq ?? 0
    const kept = all.filter(
      (each) => each.seq >= oldest || each.seq === seq || each.seq === queue.archivedSeq,
    )
    queue.snapshots.splice(0, Number.POSITIVE_INFINITY, ...kept)
  }
  const { maker } = partsOf(snapshot.state)
  dropChunks(queue, now, isNew ? undefined : maker)
  return isNew
}

function checkSeq(queue: MemoryQueue, seq: number): void {
  if (Number.isSafeInteger(seq) && seq >= 1 && seq <= queue.log.length) return
  throw invalidInput(`snapshot.seq: must be the number of an event, 1 to ${queue.log.length}`)
}

function putChunk(queue: MemoryQueue, chunk: SnapshotChunk, now: Micros): void {
  checkSeq(queue, chunk.seq)
  if (chunk.n === 0) dropChunks(queue, now)
  if (!queue.chunks.some((kept) => isOf(kept, chunk))) queue.chunks.push({ ...chunk, writtenAt: now })
}

/** Deletes chunks that belong to no snapshot, if their maker is gone or another snapshot was there first. */
function dropChunks(queue: MemoryQueue, now: Micros, late?: string): void {
  const used = new Set(queue.snapshots.map(({ state }) => partsOf(state).maker))
  const busy = new Set(
    queue.chunks.filter(({ writtenAt }) => writtenAt > now - LEFT_OVER).map(({ maker }) => maker),
  )
  const kept = queue.chunks.filter(({ maker }) => used.has(maker) || (busy.has(maker) && maker !== late))
  queue.chunks.splice(0, Number.POSITIVE_INFINITY, ...kept)
}

function isWhole(queue: MemoryQueue, { seq, state }: StoredSnapshot): boolean {
  const { maker, chunks } = partsOf(state)
  if (chunks === undefined) return true
  return queue.chunks.filter((chunk) => chunk.seq === seq && chunk.maker === maker).length === chunks
}

const partsOf = (state: unknown) =>
  (state ?? {}) as { readonly maker?: string | undefined; readonly chunks?: number }

const isOf = (chunk: SnapshotChunk, { seq, maker, n }: ChunkKey): boolean =>
  chunk.seq === seq && chunk.maker === maker && chunk.n === n
