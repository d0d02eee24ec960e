import type { Command } from 'commander'
import type { Frame } from '../../cli/frame.ts'
import { type Absent, withStore } from '../../cli/store.ts'
import { isInterlockError, type RecordedEvent } from '../../core/index.ts'
import type { ChainPage, LogStore } from '../../port/index.ts'
import { type Mark, startOf } from '../chain-walk.ts'
import type { BadEvent } from '../sound.ts'
import { ArchiveFile, noArchive } from './archive-reader.ts'

export interface ArchiveFlags {
  readonly [flag: string]: unknown
  readonly fromArchive?: readonly string[]
}

/** What was put in front of a log. */
export interface FromArchive {
  /** The last event that is in a file: from the next one on the database has them. */
  readonly last: number
  /** The hash that the database knows of that event; null: it is on no chain there. */
  readonly mark: Mark | null
  /** The files do not say from where on they are on the chain as they were written. */
  readonly bad: BadEvent | null
}

/** What to do about files that are not what was taken out: the database is not in question then. */
export const giveAsWritten =
  'give the files as interlock archive --to wrote them; whether the database is sound is told by verify without --from-archive'

export const addArchiveFlag = (command: Command): Command =>
  command.option(
    '--from-archive <file>',
    'read events that are not in the database any more from a file of `archive --to`; may be repeated',
    (file: string, before: readonly string[] = []) => [...before, file],
  )

/**
 * Opens the store for a command that reads the log, with events that were archived to files in front of it.
 * @throws InterlockError `invalid_input` for a file that is none, or of another log
 */
export function withLog<T>(
  frame: Frame,
  names: readonly string[] | undefined,
  use: (store: LogStore, from: FromArchive | null) => Promise<T>,
  absent?: Absent,
): Promise<T> {
  const useLog = async (store: LogStore) => {
    if (names === undefined) return use(store, null)
    const files = (await Promise.all(names.map(ArchiveFile.open))).toSorted((a, b) => a.first - b.first)
    for (const { name, header } of files)
      if (header === null) frame.note(`${name}: of an older format, in which nothing proves what it says`)
    await checkJoined(frame.queue, store, files)
    const last = files.at(-1)?.last ?? 0
    const mark = await markAt(store, frame.queue, last)
    const bad = badStart(frame.queue, files, mark)
    return use(inFrontOf(store, files, last), { last, mark, bad })
  }
  return withStore(frame, useLog, absent)
}

/** A chain that begins later than it did, since somebody changed what comes before: the hash it begins with tells. */
function badStart(queue: string, files: readonly ArchiveFile[], mark: Mark | null): BadEvent | null {
  const chain = chainStart(files)
  const [seq, hash] = [chain?.from ?? mark?.seq, chain?.hash ?? mark?.hash]
  if (seq === undefined || (chain !== null && seq > 0 && seq === (files[0]?.first ?? 1) - 1)) return null
  if (hash === startOf(queue, seq).toString('hex')) return null
  const what = `event ${seq} was on the hash chain, and the files say of it and those before it that they are on none`
  return { seq, what, todo: giveAsWritten }
}

/** The hash of the last event that is gone, which the chain of the database goes on from. */
async function markAt(store: LogStore, queue: string, last: number): Promise<Mark | null> {
  const page = await store.chain(queue, 0, 1)
  if (page === null || page.chainFrom !== last || page.start === null) return null
  const what = `the files up to event ${last} are not what was taken out of this log: their hashes do not come to its own`
  return { seq: last, hash: page.start, what }
}

/** The store as it was before the files were taken out of it, for reading. */
function inFrontOf(store: LogStore, files: readonly ArchiveFile[], last: number): LogStore {
  const cut = (files[0]?.first ?? 1) - 1
  const chain = chainStart(files)
  return {
    ...store,
    read: async (queue, after, limit) => {
      const page = await store.read(queue, after, limit)
      const archivedSeq = Math.min(page.archivedSeq, cut)
      if (page.events.length > 0 || page.archivedSeq <= after || after < cut) return { ...page, archivedSeq }
      return { ...page, archivedSeq, events: await eventsOf(files, after, limit) }
    },
    chain: async (queue, after, limit) => {
      const page = await store.chain(queue, Math.max(after, last), limit)
      if (chain === null) return after < last ? store.chain(queue, after, limit) : page
      // A chain that the database has lost is one that breaks behind the files.
      const { version } = page ?? (await store.read(queue, last, 1))
      const start = { version, chainFrom: chain.from, start: chain.hash, head: page?.head ?? '' }
      const from = Math.max(after, chain.from)
      return { ...start, events: from < last ? await chainedOf(files, from, limit) : (page?.events ?? []) }
    },
  }
}

/** Where the chain that goes through the last file begins. */
function chainStart(files: readonly ArchiveFile[]): { readonly from: number; readonly hash: string } | null {
  const last = files.findLastIndex(({ header }) => header === null || header.chain === null)
  const whole = files.slice(last + 1)
  const begun = whole.findLastIndex(({ header, first }) => header?.chain?.from !== first - 1)
  return whole.at(Math.max(0, begun))?.header?.chain ?? null
}

async function eventsOf(
  files: readonly ArchiveFile[],
  after: number,
  limit: number,
): Promise<readonly RecordedEvent[]> {
  return (await fileAfter(files, after)?.events(after, limit)) ?? []
}

async function chainedOf(
  files: readonly ArchiveFile[],
  after: number,
  limit: number,
): Promise<ChainPage['events']> {
  return (await fileAfter(files, after)?.chained(after, limit)) ?? []
}

const fileAfter = (files: readonly ArchiveFile[], after: number): ArchiveFile | undefined =>
  files.find(({ first, last }) => first <= after + 1 && after < last)

/** Files of this queue that follow each other, up to what the database still has, in rising times. */
async function checkJoined(queue: string, store: LogStore, files: readonly ArchiveFile[]): Promise<void> {
  for (const [index, { name, header, last }] of files.entries()) {
    const next = files[index + 1]
    if (header !== null && header.queue !== queue)
      throw noArchive(name, `is of queue ${header.queue}, and this is queue ${queue}`)
    if (next !== undefined && next.first !== last + 1)
      throw noArchive(next.name, `begins with event ${next.first}, and ${name} ends with ${last}`)
  }
  const file = files.at(-1)
  if (file === undefined) return
  const { archivedSeq } = await store.read(queue, 0, 1)
  const [left] = (await store.read(queue, file.last, 1)).events
  if (file.last < archivedSeq && left === undefined)
    throw noArchive(
      file.name,
      `ends with event ${file.last}, and the log of queue ${queue} begins after ${archivedSeq}: events ${file.last + 1} to ${archivedSeq} are missing`,
    )
  const [end] = await file.events(file.last - 1, 1).catch(noneOfDamaged)
  if (file.last > archivedSeq || (left !== undefined && end !== undefined && left.at <= end.at))
    throw noArchive(
      file.name,
      `is not of the log of queue ${queue}, whose archived events end with ${archivedSeq}`,
    )
}

/** Whoever reads the file up to there is told. */
function noneOfDamaged(error: unknown): readonly RecordedEvent[] {
  if (isInterlockError(error)) return []
  throw error
}
