import { isInterlockError, type RecordedEvent } from '../../../engine/core/index.ts'
import { checkCall, encodeEvent, toHex, type Voids } from '../../../engine/events/index.ts'
import type { ChainPage, LogStore } from '../../../engine/store/index.ts'
import { opened } from '../access.ts'
import { giveAsWritten } from '../bad-event.ts'
import { startOf } from '../chain-walk.ts'
import { type Access, type BadEvent, type Mark, readEvents } from '../index.ts'
import { ArchiveFile, noArchive } from './archive-reader.ts'

/**
 * Puts archive files in front of the log: everything that reads through the returned access finds their events as if they were in
 * the database. The files are read when they are needed, and not changed.
 * @param names files that `archiveTo` (or `interlock archive --to`) wrote, in any order: all of them up to where the log begins
 * @param path what error messages call them
 * @throws InterlockError `invalid_input` for a file that is no archive, or of another log
 * @example const whole = await openArchive({ store }, ['2025.jsonl.gz']); const { ok } = await verify(whole)
 */
export async function openArchive(given: Access, names: readonly string[], path = 'names'): Promise<Access> {
  const access = opened(given)
  checkCall('openArchive', names, path)
  const { store, queue, onNote } = access
  const opening = names.map((name) => ArchiveFile.open(name, path))
  const files = (await Promise.all(opening)).toSorted((a, b) => a.first - b.first)
  for (const { name, header } of files)
    if (header === null) onNote(`${name}: of an older format, which has no hashes to check it by`)
  await checkJoined(queue, store, files, path)
  const last = files.at(-1)?.last ?? 0
  const mark = await markAt(store, queue, last)
  const bad = badStart(queue, files, mark)
  return { ...access, store: inFrontOf(store, queue, files, last), files: { last, mark, bad } }
}

/** The chain begins later than it did: somebody changed what comes before. The hash that it begins with tells. */
function badStart(queue: string, files: readonly ArchiveFile[], mark: Mark | null): BadEvent | null {
  const chain = chainStart(files)
  const [seq, hash] = [chain?.from ?? mark?.seq, chain?.hash ?? mark?.hash]
  if (seq === undefined || (chain !== null && seq > 0 && seq === (files[0]?.first ?? 1) - 1)) return null
  if (hash === toHex(startOf(queue, seq))) return null
  const what = `event ${seq} was on the hash chain, but the files say that it and the events before it are on none`
  return { seq, what, todo: giveAsWritten }
}

/** The hash of the last archived event, from which the database's chain goes on. */
async function markAt(store: Pick<LogStore, 'chain'>, queue: string, last: number): Promise<Mark | null> {
  const page = await store.chain(queue, 0, 1)
  if (page === null || page.chainFrom !== last || page.start === null) return null
  const what = `the files up to event ${last} are not the events archived from this log: their hashes do not lead to those of the log`
  return { seq: last, hash: page.start, what }
}

/** The store as it was before the events were archived, for reading. */
function inFrontOf(store: LogStore, queue: string, files: readonly ArchiveFile[], last: number): LogStore {
  const cut = (files[0]?.first ?? 1) - 1
  const chain = chainStart(files)
  const inFiles = new FileEvents(files, () => voidsAfter(store, queue, last))
  const areInFiles = (after: number, archivedSeq: number) => cut <= after && after < archivedSeq
  return {
    ...store,
    read: async (queue, after, limit) => {
      const page = await store.read(queue, after, limit)
      const archivedSeq = Math.min(page.archivedSeq, cut)
      if (page.events.length > 0 || !areInFiles(after, page.archivedSeq)) return { ...page, archivedSeq }
      return { ...page, archivedSeq, events: await inFiles.after(after, limit) }
    },
    rows: async (queue, after, limit) => {
      const page = await store.rows(queue, after, limit)
      const archivedSeq = Math.min(page.archivedSeq, cut)
      if (page.rows.length > 0 || !areInFiles(after, page.archivedSeq)) return { ...page, archivedSeq }
      return { ...page, archivedSeq, rows: (await inFiles.after(after, limit)).map(encodeEvent) }
    },
    chain: async (queue, after, limit) => {
      const page = await store.chain(queue, Math.max(after, last), limit)
      if (chain === null) return after < last ? store.chain(queue, after, limit) : page
      // If the database has lost its chain, the chain breaks behind the files.
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

/** Events of the files, read as later `voided` events say. */
class FileEvents {
  readonly #files: readonly ArchiveFile[]
  readonly #voidsBehind: () => Promise<Voids>
  #voids: Voids | undefined

  /** @param voidsBehind what events behind the files say about unreadable ones */
  constructor(files: readonly ArchiveFile[], voidsBehind: () => Promise<Voids>) {
    this.#files = files
    this.#voidsBehind = voidsBehind
  }

  /**
   * The chain has events as they were written. Whether an unreadable one is void, a later event says, in a file or behind the
   * files.
   */
  async after(after: number, limit: number): Promise<readonly RecordedEvent[]> {
    const file = fileAfter(this.#files, after)
    if (file === undefined) return []
    try {
      return await file.events(after, limit, this.#voids)
    } catch (error) {
      if (this.#voids !== undefined || !isInterlockError(error, 'corrupt_log')) throw error
      // If a file cannot be read whole, its `voided` events are unknown. Its first bad event is then reported.
      const voids = await this.#allVoids().catch(noneOfDamaged)
      if (voids === null) throw error
      this.#voids = voids
      return file.events(after, limit, voids)
    }
  }

  async #allVoids(): Promise<Voids> {
    const all = new Map<number, Readonly<Record<string, unknown>> | null>()
    for (const file of this.#files) for (const [of, as] of await file.voids()) all.set(of, as)
    for (const [of, as] of await this.#voidsBehind()) all.set(of, as)
    return all
  }
}

async function voidsAfter(store: LogStore, queue: string, last: number): Promise<Voids> {
  const found = new Map<number, Readonly<Record<string, unknown>> | null>()
  for await (const event of readEvents({ store, queue }, { after: last }))
    if (event.type === 'voided' && event.of !== event.seq) found.set(event.of, event.as ?? null)
  return found
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

/** Checks that the files are of this queue, follow each other up to where the database begins, and rise in time. */
async function checkJoined(
  queue: string,
  store: Pick<LogStore, 'read' | 'rows'>,
  files: readonly ArchiveFile[],
  path: string,
): Promise<void> {
  for (const [index, { name, header, last }] of files.entries()) {
    const next = files[index + 1]
    if (header !== null && header.queue !== queue)
      throw noArchive(path, name, `is of queue ${header.queue}, and this is queue ${queue}`)
    if (next !== undefined && next.first !== last + 1)
      throw noArchive(path, next.name, `begins with event ${next.first}, and ${name} ends with ${last}`)
  }
  const file = files.at(-1)
  if (file === undefined) return
  const { archivedSeq } = await store.rows(queue, 0, 1)
  const [left] = (await store.read(queue, file.last, 1)).events
  if (file.last < archivedSeq && left === undefined)
    throw noArchive(
      path,
      file.name,
      `ends with event ${file.last}, and the log of queue ${queue} begins after ${archivedSeq}: events ${file.last + 1} to ${archivedSeq} are missing`,
    )
  const [end] = (await file.events(file.last - 1, 1).catch(noneOfDamaged)) ?? []
  if (file.last > archivedSeq || (left !== undefined && end !== undefined && left.at <= end.at))
    throw noArchive(
      path,
      file.name,
      `is not of the log of queue ${queue}, whose archived events end with ${archivedSeq}`,
    )
}

/** A reader who gets that far in the file is told. */
function noneOfDamaged(error: unknown): null {
  if (isInterlockError(error)) return null
  throw error
}
