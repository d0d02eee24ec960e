import { InterlockError, type Ledger, SNAPSHOT_SHAPE, snapshotLines } from '../../core/index.ts'
import type { SnapshotRole } from '../../port/index.ts'
import { Slices } from '../base/work.ts'

/** Characters in one chunk: a call of this size is short for the database, PostgREST and the event loop. */
const CHUNK = 500_000

/** A slice, then as long a rest: half of a busy process is left to what it is there for. */
const REST_MS = 4

export interface KeepOptions {
  readonly signal?: AbortSignal | undefined
  /** {@link CHUNK} unless given. */
  readonly chunk?: number | undefined
}

type Target = Pick<SnapshotRole, 'putChunk' | 'putSnapshot'>

/**
 * Writes a ledger down for processes that start later, or for a cut: in chunks, which nobody sees before all of them are there, and
 * in slices, while the process goes on with other things. What a crash leaves half-done is taken away by a later one.
 * @returns false when there is one at that number already, which stays as it is
 * @throws InterlockError `contention` when it took so long that its first chunks were taken to be left over; what the store throws
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

/** Lines, joined to texts of some `size` characters. */
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
