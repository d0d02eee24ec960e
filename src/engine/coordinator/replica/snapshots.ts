import {
  archived,
  emptyLedger,
  InterlockError,
  isInterlockError,
  type Ledger,
  LedgerReader,
  SNAPSHOT_SHAPE,
  snapshotLines,
  snapshotRemedy,
} from '../../core/index.ts'
import {
  decodeSnapshotHead,
  decodeSnapshotLine,
  type SnapshotHead,
  sha256,
  toHex,
  utf8,
} from '../../events/index.ts'
import type { LogRole, SnapshotRole, StoredSnapshot } from '../../store/index.ts'
import { WorkSlices } from '../base/concurrency.ts'

/** Characters in one chunk. A call of this size is short for the database, for PostgREST and for the event loop. */
const CHUNK = 500_000

/** After each slice of work the process rests as long as the slice took, so half of its time is left for its real work. */
const REST_MS = 4

export interface KeepOptions {
  readonly signal?: AbortSignal | undefined
  /** {@link CHUNK} unless given. */
  readonly chunk?: number | undefined
}

type SnapshotTarget = Pick<SnapshotRole, 'putChunk' | 'putSnapshot'>

/**
 * Writes a ledger down, for processes that start later or for a cut. It is written in chunks, which become visible only when all
 * of them are there, and in slices, so that the process goes on with other work. If a crash leaves half a snapshot, a later one
 * deletes it.
 * @returns false if there is already a snapshot at that number; it stays as it is
 * @throws InterlockError `contention` if it took so long that its first chunks were deleted as left over; what the store throws
 */
export async function keepSnapshot(
  store: SnapshotTarget,
  queue: string,
  ledger: Ledger,
  { signal, chunk = CHUNK }: KeepOptions = {},
): Promise<boolean> {
  const seq = ledger.version
  const maker = crypto.randomUUID()
  let chunks = 0
  const hash = sha256()
  for await (const body of chunksOf(ledger, chunk, new WorkSlices(REST_MS, signal))) {
    hash.update(utf8(`${body}\n`))
    await store.putChunk(queue, { seq, maker, n: chunks++, body })
  }
  const digest = toHex(hash.digest())
  const state = { shape: SNAPSHOT_SHAPE, maker, chunks, jobs: ledger.jobs.size, digest }
  const kept = await store.putSnapshot(queue, { seq, state })
  if (kept !== 'incomplete') return kept
  throw new InterlockError(
    'contention',
    `the snapshot at event ${seq} took so long that another process removed its first part as left over; try again`,
  )
}

/** The lines, joined to texts of some `size` characters. */
async function* chunksOf(ledger: Ledger, size: number, slices: WorkSlices): AsyncGenerator<string> {
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

type SnapshotSource = Pick<SnapshotRole, 'chunk' | 'snapshot'>

/** How many chunks to request ahead: the server looks them up while this process reads the one before. */
const AHEAD = 2

const ignore = () => {}

/**
 * The ledger of a snapshot. Read in slices, so that the process goes on with other work.
 * @throws InterlockError `database_newer` for one of a newer release; `corrupt_log` for one that is damaged; `contention` for one
 * that was deleted meanwhile
 */
export async function readSnapshot(
  store: SnapshotSource,
  queue: string,
  { seq, state }: StoredSnapshot,
): Promise<Ledger> {
  const slices = new WorkSlices(0)
  const reader = new LedgerReader(seq)
  for await (const line of snapshotTexts(store, queue, { seq, state })) {
    reader.push(decodeSnapshotLine(seq, line))
    if (slices.isOver()) await slices.rest()
  }
  const finish = reader.finish()
  for (;;) {
    const { done, value } = finish.next()
    if (done) return checked(seq, value)
    if (slices.isOver()) await slices.rest()
  }
}

/**
 * The lines of a snapshot, as they are kept. Whether they are those that were kept is known after the last one.
 * @throws as {@link readSnapshot}
 */
export async function* snapshotTexts(
  store: SnapshotSource,
  queue: string,
  { seq, state }: Pick<StoredSnapshot, 'seq' | 'state'>,
): AsyncGenerator<string> {
  const head = decodeSnapshotHead(seq, state)
  const hash = sha256()
  for await (const body of bodiesOf(store, queue, seq, head)) {
    if (head.digest !== undefined) hash.update(utf8(`${body}\n`))
    yield* linesIn(body)
  }
  if (head.digest === undefined || toHex(hash.digest()) === head.digest) return
  throw new InterlockError(
    'corrupt_log',
    `the snapshot at event ${seq} was changed after it was kept: its digest is another one; ${snapshotRemedy}`,
    { seq },
  )
}

function checked(seq: number, ledger: Ledger): Ledger {
  if (ledger.version === seq) return ledger
  throw new InterlockError(
    'corrupt_log',
    `the snapshot at event ${seq} is one of event ${ledger.version}; ${snapshotRemedy}`,
    { seq },
  )
}

async function* bodiesOf(
  store: SnapshotSource,
  queue: string,
  seq: number,
  { maker, chunks }: SnapshotHead,
): AsyncGenerator<string> {
  const ahead: Promise<string | null>[] = []
  for (let asked = 0, n = 0; n < chunks; n++) {
    for (; asked < Math.min(chunks, n + AHEAD); asked++) {
      const chunk = store.chunk(queue, { seq, maker, n: asked })
      // If the reader stops here, nobody awaits this chunk. The error of one that is awaited still reaches the reader.
      chunk.then(ignore, ignore)
      ahead.push(chunk)
    }
    yield (await ahead.shift()) ?? (await missing(store, queue, { seq, maker, n }))
  }
}

/** The chunk is missing: the snapshot was deleted while it was read, or is damaged. */
async function missing(
  store: SnapshotSource,
  queue: string,
  { seq, maker, n }: { readonly seq: number; readonly maker: string; readonly n: number },
): Promise<never> {
  const now = await store.snapshot(queue, seq)
  if (now?.seq === seq && decodeSnapshotHead(seq, now.state).maker === maker) {
    throw new InterlockError(
      'corrupt_log',
      `chunk ${n} of the snapshot at event ${seq} is missing; ${snapshotRemedy}`,
      { seq },
    )
  }
  throw new InterlockError('contention', `the snapshot at event ${seq} was removed meanwhile; try again`)
}

function* linesIn(body: string): Generator<string> {
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf('\n', from)
    const to = end < 0 ? body.length : end
    yield body.slice(from, to)
    from = to + 1
  }
}

type LogSource = SnapshotSource & Pick<LogRole, 'read'>

/** How often to look again if the snapshot is deleted while it is read: there is a newer one then. */
const MOST_GONE = 5

/**
 * The ledger at the beginning of the readable log: empty before the first event, or the snapshot of the cut.
 * @throws InterlockError `archived` if that snapshot is missing; `database_newer`, `corrupt_log` if it cannot be read
 */
export async function firstLedger(store: LogSource, queue: string): Promise<Ledger> {
  const cut = await cutOf(store, queue)
  if (cut === null) return emptyLedger
  const kept = await store.snapshot(queue, cut)
  if (kept?.seq !== cut) throw archived(queue, cut)
  return readSnapshot(store, queue, kept)
}

/** The last event that is gone; null: the log has its first event, readable or not. */
async function cutOf(store: LogSource, queue: string): Promise<number | null> {
  try {
    const { events, archivedSeq } = await store.read(queue, 0, 1)
    return archivedSeq === 0 || events.length > 0 ? null : archivedSeq
  } catch (error) {
    if (isInterlockError(error, 'corrupt_log') && error.details.seq !== undefined) return null
    throw error
  }
}

/**
 * The newest ledger at or before a number (null: the head) from which the log can be folded: that of a snapshot, or that of the
 * beginning of the log, which may be after the number. A snapshot only saves time, so one that cannot be read is reported and
 * skipped, unless it is the snapshot of the cut.
 * @throws InterlockError as {@link firstLedger}
 */
export async function ledgerNear(
  store: LogSource,
  queue: string,
  upTo: number | null,
  passOver: (error: unknown) => void,
): Promise<Ledger> {
  let gone = 0
  for (let at = upTo; ; ) {
    const kept = await store.snapshot(queue, at)
    if (kept === null) return firstLedger(store, queue)
    try {
      return await readSnapshot(store, queue, kept)
    } catch (error) {
      if (isInterlockError(error, 'contention') && ++gone < MOST_GONE) continue
      if (!isUnreadable(error)) throw error
      if (kept.seq === (await cutOf(store, queue))) throw error
      passOver(error)
      at = kept.seq - 1
    }
  }
}

/** True if the snapshot itself is at fault. If only the database cannot be reached, no snapshot is skipped. */
const isUnreadable = (error: unknown): boolean =>
  isInterlockError(error, 'corrupt_log') || isInterlockError(error, 'database_newer')
