import { InterlockError, type Ledger, SNAPSHOT_SHAPE, snapshotLines } from '../../core/index.ts'
import type { SnapshotRole } from '../../port/index.ts'
import { Slices } from '../base/work.ts'

/** Characters in one chunk. A call of this size is short for the database, for PostgREST and for the event loop. */
const CHUNK = 500_000

/** After each slice of work the process rests as long as the slice took, so half of its time is left for its real work. */
const REST_MS = 4

export interface KeepOptions {
  readonly signal?: AbortSignal | undefined
  /** {@link CHUNK} unless given. */
  readonly chunk?: number | undefined
}

type Target = Pick<SnapshotRole, 'putChunk' | 'putSnapshot'>

/**
 * Writes a ledger down, for processes that start later or for a cut. It is written in chunks, which become visible only when all
 * of them are there, and in slices, so that the process goes on with other work. If a crash leaves half a snapshot, a later one
 * deletes it.
 * @returns false if there is already a snapshot at that number; it stays as it is
 * @throws InterlockError `contention` if it took so long that its first chunks were deleted as left over; what the store throws
 */
export async function keepSnapshot(
  store: Target,
  queue: string,
  ledger: Ledger,
  { signal, chunk = CHUNK }: KeepOptions = {},
): Promise<boolean> {
  const seq = ledger.version
  const maker = crypto.randomUUID()
  let chunks = 0
  for await (const body of chunksOf(ledger, chunk, new Slices(REST_MS, signal)))
    await store.putChunk(queue, { seq, maker, n: chunks++, body })
  const state = { shape: SNAPSHOT_SHAPE, maker, chunks, jobs: ledger.jobs.size }
  const kept = await store.putSnapshot(queue, { seq, state })
  if (kept !== 'incomplete') return kept
  throw new InterlockError(
    'contention',
    `the snapshot at event ${seq} took so long that its first part was taken to be left over; try again`,
  )
}

/** The lines, joined to texts of some `size` characters. */
async function* chunksOf(ledger: Ledger, size: number, slices: Slices): AsyncGenerator<string> {
  let lines: string[] = []
  let length = 0
  for (const line of snapshotLines(ledger)) {
    if (slices.isOver()) await slices.rest()
    if (line === null) continue
    const text = JSON.stringify(line)
    lines.push(text)
    length += text.length + 1
    if (length < size) continue
    yield lines.join('\n')
    lines = []
    length = 0
  }
  if (lines.length > 0) yield lines.join('\n')
}
