import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { InterlockError, type RecordedEvent } from '../../../engine/core/index.ts'
import { checkCall, fromHex, toHex } from '../../../engine/events/index.ts'
import { type LogStore, pagesAfter } from '../../../engine/store/index.ts'
import { type Opened, opened, telling } from '../access.ts'
import { type ArchiveTarget, archiveThrough } from '../archive.ts'
import { ChainWalk, startOf } from '../chain-walk.ts'
import type { Access, ArchiveDocument, Point } from '../index.ts'
import { cutAt } from '../log-point.ts'
import { type ArchiveHeader, lineOf, tailOf, textOf } from './archive-format.ts'
import { NewFile } from './new-file.ts'

const compressed = promisify(gzip)

/** Events in one block: few enough to read for a single event, enough to compress well. */
const BLOCK = 2_000

interface Block {
  readonly first: number
  readonly last: number
  readonly lines: readonly string[]
}

/**
 * Writes every readable event up to `through`, with the hashes of those on the chain. So the chain can be checked through the
 * file up to where the log goes on, and the file is tied to its log.
 * @throws InterlockError `corrupt_log` when an event is missing or the chain is broken: nothing should be archived then
 */
async function writeArchive(access: Opened, file: NewFile, through: number): Promise<void> {
  const { store, queue, signal } = access
  const from = await readableAfter(store, queue)
  const chain = await chainOf(store, queue, from, through)
  const header = {
    interlock: 'archive',
    format: 2,
    queue,
    first: from + 1,
    last: through,
    chain,
  }
  const index: [first: number, at: number][] = []
  const progress = telling(access, `written to ${file.name}`, through - from)
  try {
    await file.write(await compressed(`${JSON.stringify(header)}\n`))
    for await (const { first, last, lines } of blocks(store, queue, from, through, chain)) {
      signal.throwIfAborted()
      index.push([first, file.bytes])
      await file.write(await compressed(lines.join('')))
      progress.update(last - from)
    }
  } finally {
    progress.stop()
  }
  const at = file.bytes
  await file.write(await compressed(`${JSON.stringify({ index })}\n`))
  await file.write(tailOf(at))
}

type WrittenSource = Pick<LogStore, 'read' | 'rows' | 'chain'>

async function* blocks(
  store: WrittenSource,
  queue: string,
  from: number,
  through: number,
  chain: ArchiveHeader['chain'],
): AsyncGenerator<Block> {
  const chained = chain?.from ?? through
  let at = from
  for await (const { events } of pagesAfter(store, queue, from, { upTo: chained })) {
    if (events.length > 0) yield unchained(queue, at, events)
    at += events.length
  }
  if (at < chained) throw damaged(at + 1, `event ${at + 1} is missing`)
  if (chain === null) return
  const walk = new ChainWalk(fromHex(chain.hash), chain.from)
  while (walk.at < through) {
    const first = walk.at + 1
    const page = await store.chain(queue, walk.at, Math.min(BLOCK, through - walk.at))
    for (const event of page?.events ?? []) walk.take(event)
    if (page === null || page.events.length === 0) walk.missing()
    if (walk.bad !== null) throw damaged(walk.bad.seq, walk.bad.what)
    yield { first, last: walk.at, lines: page?.events.map(({ text, hash }) => lineOf(text, hash)) ?? [] }
  }
}

function unchained(queue: string, after: number, events: readonly RecordedEvent[]): Block {
  const gap = events.findIndex(({ seq }, i) => seq !== after + 1 + i)
  if (gap >= 0) throw damaged(after + 1 + gap, `event ${after + 1 + gap} is missing`)
  const lines = events.map((event) => lineOf(textOf(queue, event), null))
  return { first: after + 1, last: after + events.length, lines }
}

/** Which of these events are on the chain, and the hash that it goes on from. */
async function chainOf(store: WrittenSource, queue: string, from: number, through: number) {
  const page = await store.chain(queue, 0, 1)
  if (page === null || page.chainFrom >= through) return null
  if (page.chainFrom < from) throw damaged(page.chainFrom + 1, `event ${page.chainFrom + 1} is missing`)
  return { from: page.chainFrom, hash: page.start ?? toHex(startOf(queue, page.chainFrom)) }
}

const damaged = (seq: number, what: string): InterlockError =>
  new InterlockError(
    'corrupt_log',
    `the log is not sound, and nothing of it was archived: ${what}; look at it with \`npx interlock-queue verify\``,
    { seq },
  )

/** The number after which everything can be read: archived events that were kept go to the file too. */
async function readableAfter(store: WrittenSource, queue: string): Promise<number> {
  const { archivedSeq } = await store.rows(queue, 0, 1)
  let [low, high] = [0, archivedSeq]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { events } = await store.read(queue, middle, 1)
    if (events.length > 0) high = middle
    else low = middle + 1
  }
  return low
}

export interface ArchiveToOptions {
  /** The number of the last event to take out, or a time: every event before it is taken out. */
  readonly before: Point
  /** The file: JSON lines, compressed. No file of that name may exist. */
  readonly to: string
}

/**
 * Takes old events out of the log, as `archive` does, into a file. The file is whole and on the disk before anything is taken
 * out. If nothing was taken out, no file is left.
 * @param path what error messages call the file; `to` unless given
 * @throws InterlockError `invalid_input` for the file; `contention`; `corrupt_log`. LocalFailure when the disk is full
 * @example await archiveTo({ store }, { before: new Date(Date.now() - 30 * 86_400_000), to: 'old.jsonl.gz' })
 */
export async function archiveTo(
  given: Access,
  options: ArchiveToOptions,
  path?: string,
): Promise<ArchiveDocument> {
  const access = opened(given)
  checkCall('archiveTo', options, path)
  const { before, to } = options
  return archiveThrough(access, await cutAt(access, 'before', before), false, () => fileAt(path ?? 'to', to))
}

async function fileAt(path: string, name: string): Promise<ArchiveTarget> {
  const file = await NewFile.create(path, name)
  return {
    name,
    write: async (access: Opened, through: number) => {
      await writeArchive(access, file, through)
      await file.finish()
    },
    discard: () => file.discard(),
  }
}
