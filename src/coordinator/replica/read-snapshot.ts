import {
  decodeSnapshot,
  decodeSnapshotHead,
  decodeSnapshotLine,
  type SnapshotHead,
} from '../../codec/index.ts'
import { InterlockError, type Ledger, LedgerReader, snapshotRemedy } from '../../core/index.ts'
import type { SnapshotRole, StoredSnapshot } from '../../port/index.ts'
import { Slices } from '../base/work.ts'

type Source = Pick<SnapshotRole, 'chunk' | 'snapshot'>

/** How many chunks to request ahead: the server looks them up while this process reads the one before. */
const AHEAD = 2

const ignore = () => {}

/**
 * The ledger of a snapshot, made by any release. Read in slices, so that the process goes on with other work.
 * @throws InterlockError `database_newer` for one of a newer release; `corrupt_log` for one that is damaged; `contention` for one
 * that was deleted meanwhile
 */
export async function readSnapshot(
  store: Source,
  queue: string,
  { seq, state }: StoredSnapshot,
): Promise<Ledger> {
  const head = decodeSnapshotHead(seq, state)
  if (head === null) return decodeSnapshot(seq, state)
  const slices = new Slices(0)
  const reader = new LedgerReader(seq)
  for await (const body of bodiesOf(store, queue, seq, head))
    for (const line of linesIn(body)) {
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

function checked(seq: number, ledger: Ledger): Ledger {
  if (ledger.version === seq) return ledger
  throw new InterlockError(
    'corrupt_log',
    `the snapshot at event ${seq} is one of event ${ledger.version}; ${snapshotRemedy}`,
    { seq },
  )
}

async function* bodiesOf(
  store: Source,
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
  store: Source,
  queue: string,
  { seq, maker, n }: { readonly seq: number; readonly maker: string; readonly n: number },
): Promise<never> {
  const now = await store.snapshot(queue, seq)
  if (now?.seq === seq && decodeSnapshotHead(seq, now.state)?.maker === maker) {
    throw new InterlockError(
      'corrupt_log',
      `chunk ${n} of the snapshot at event ${seq} is missing; ${snapshotRemedy}`,
      { seq },
    )
  }
  throw new InterlockError('contention', `the snapshot at event ${seq} was taken away meanwhile; try again`)
}

function* linesIn(body: string): Generator<string> {
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf('\n', from)
    const to = end < 0 ? body.length : end
    yield body.slice(from, to)
    from = to + 1
  }
}
