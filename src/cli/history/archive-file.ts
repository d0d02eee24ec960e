import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Command } from 'commander'
import { decodeEvent } from '../../codec/index.ts'
import { InterlockError, isInterlockError, type RecordedEvent } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { type Absent, withStore } from '../store.ts'

export interface ArchiveFlags {
  readonly [flag: string]: unknown
  readonly fromArchive?: readonly string[]
}

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
  files: readonly string[] | undefined,
  use: (store: LogStore) => Promise<T>,
  absent?: Absent,
): Promise<T> {
  const useLog = async (store: LogStore) => {
    if (files === undefined) return use(store)
    const parts = await Promise.all(files.map(ArchiveFile.open))
    return use(await inFrontOf(frame.queue, store, parts))
  }
  return withStore(frame, useLog, absent)
}

/** The rows of a file, as they are: one is decoded when it is asked for. */
class ArchiveFile {
  readonly name: string
  readonly #text: Buffer
  /** Where each line begins, and where the last one ends. */
  readonly #lines: readonly number[]
  readonly first: number
  readonly last: number

  static async open(this: void, name: string): Promise<ArchiveFile> {
    try {
      const bytes = await readFile(name)
      return new ArchiveFile(name, bytes[0] === 0x1f ? gunzipSync(bytes) : bytes)
    } catch (error) {
      if (isInterlockError(error)) throw error
      throw bad(name, error instanceof Error ? error.message : String(error))
    }
  }

  private constructor(name: string, text: Buffer) {
    this.name = name
    this.#text = text
    const lines = [0]
    for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) lines.push(at + 1)
    this.#lines = lines
    if (lines.length === 1) throw bad(name, 'has no event')
    this.first = this.#row(0).seq
    this.last = this.first + lines.length - 2
    const { seq } = this.#row(lines.length - 2)
    if (seq !== this.last)
      throw bad(name, `has gaps: ${lines.length - 1} events from ${this.first} to ${seq}`)
  }

  /** @param seq from `first` to `last` */
  event(seq: number): RecordedEvent {
    const event = this.#row(seq - this.first)
    if (event.seq === seq) return event
    throw bad(this.name, `has event ${event.seq} in the place of ${seq}`)
  }

  #row(index: number): RecordedEvent {
    const [from, to] = [this.#lines[index], this.#lines[index + 1]]
    try {
      return decodeEvent(JSON.parse(this.#text.toString('utf8', from, to)))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw bad(this.name, `line ${index + 1}: ${why}`)
    }
  }
}

/** The store as it was before the files were taken out of it, for reading. */
async function inFrontOf(queue: string, store: LogStore, parts: readonly ArchiveFile[]): Promise<LogStore> {
  const files = parts.toSorted((a, b) => a.first - b.first)
  await checkJoined(queue, store, files)
  const find = (seq: number) => files.find(({ first, last }) => first <= seq && seq <= last)
  return {
    ...store,
    read: async (name, after, limit) => {
      const page = await store.read(name, after, limit)
      if (page.events.length > 0 || page.archivedSeq <= after) return page
      const events: RecordedEvent[] = []
      const end = Math.min(after + limit, page.archivedSeq)
      for (let seq = after + 1; seq <= end; seq++) {
        const file = find(seq)
        if (file === undefined) break
        events.push(file.event(seq))
      }
      return { ...page, events }
    },
  }
}

/** Files that follow each other, up to what the database still has, in rising times. */
async function checkJoined(queue: string, store: LogStore, files: readonly ArchiveFile[]): Promise<void> {
  for (const [index, file] of files.entries()) {
    const next = files[index + 1]
    if (next !== undefined && next.first !== file.last + 1)
      throw bad(next.name, `begins with event ${next.first}, and ${file.name} ends with ${file.last}`)
  }
  const last = files.at(-1)
  if (last === undefined) return
  const { archivedSeq } = await store.read(queue, 0, 1)
  const [left] = (await store.read(queue, last.last, 1)).events
  if (last.last < archivedSeq && left === undefined)
    throw bad(
      last.name,
      `ends with event ${last.last}, and the log of queue ${queue} begins after ${archivedSeq}`,
    )
  if (last.last > archivedSeq || (left !== undefined && left.at <= last.event(last.last).at))
    throw bad(last.name, `is not of the log of queue ${queue}, whose archived events end with ${archivedSeq}`)
}

const bad = (file: string, what: string): InterlockError =>
  new InterlockError(
    'invalid_input',
    `--from-archive ${file}: ${what}; give the files that interlock archive --to wrote, all of them`,
  )
