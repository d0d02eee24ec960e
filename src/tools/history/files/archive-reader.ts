import {
  InterlockError,
  invalidInput,
  isInterlockError,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { asRead, decodeEvent, type Voids } from '../../../engine/events/index.ts'
import type { ChainPage } from '../../../engine/store/index.ts'
import { type ArchiveHeader, headerSchema, partsOf, rowOf } from './archive-format.ts'
import { type ArchiveLines, openLines } from './archive-lines.ts'

/** Lines per step. */
const PAGE = 2_000

const none: Voids = new Map()

/** A file of `archive --to`. One block of it is in memory at a time, and events are decoded when they are asked for. */
export class ArchiveFile {
  readonly name: string
  /** Null for a file from before there were headers: it does not say which queue it is of, and proves nothing. */
  readonly header: ArchiveHeader | null
  readonly first: number
  readonly last: number
  readonly #lines: ArchiveLines

  /** @param path what error messages call it @throws InterlockError `invalid_input` if it is no archive file */
  static async open(this: void, name: string, path: string): Promise<ArchiveFile> {
    try {
      const lines = await openLines(name)
      const header = lines.header === null ? null : headerSchema.parse(JSON.parse(lines.header))
      if (header !== null) return new ArchiveFile(name, lines, header, header)
      const [line] = await lines.from(0)
      if (line === undefined || lines.count === null) throw noArchive(path, name, 'has no event')
      const first = decodeEvent(JSON.parse(line)).seq
      return new ArchiveFile(name, lines, null, { first, last: first + lines.count - 1 })
    } catch (error) {
      if (isInterlockError(error, 'invalid_input')) throw error
      throw noArchive(
        path,
        name,
        error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      )
    }
  }

  private constructor(
    name: string,
    lines: ArchiveLines,
    header: ArchiveHeader | null,
    { first, last }: { readonly first: number; readonly last: number },
  ) {
    this.name = name
    this.#lines = lines
    this.header = header
    this.first = first
    this.last = last
  }

  /**
   * Events after a number, at most `limit`.
   * @param voids what later events say about unreadable ones
   * @throws InterlockError `corrupt_log`, `unknown_event`
   */
  async events(after: number, limit: number, voids: Voids = none): Promise<readonly RecordedEvent[]> {
    return (await this.#range(after, limit)).map((line, i) => this.#event(after + 1 + i, line, voids))
  }

  /** What the events of this file say about unreadable ones. Reads the whole file. */
  async voids(): Promise<Voids> {
    const found = new Map<number, Readonly<Record<string, unknown>> | null>()
    for (let at = this.first - 1; at < this.last; ) {
      const lines = await this.#range(at, PAGE)
      for (const line of lines) {
        const row = line.includes('"voided"') ? this.#row(line) : null
        if (row?.['event_type'] !== 'voided') continue
        const { of, as = null } = row['data'] as {
          readonly of: number
          readonly as?: Record<string, unknown>
        }
        found.set(of, as)
      }
      at += lines.length
    }
    return found
  }

  /** The row of a line, unchecked; null if the line has none. */
  #row(line: string): Readonly<Record<string, unknown>> | null {
    const parts = partsOf(line)
    return parts === null ? null : rowOf(parts.text).row
  }

  /** Events after a number, at most `limit`, as the chain has them; `hash` is null for events on no chain. */
  async chained(after: number, limit: number): Promise<ChainPage['events']> {
    return (await this.#range(after, limit)).map((line, i) => {
      const seq = after + 1 + i
      const parts = partsOf(line)
      if (parts === null) throw this.#damaged(seq, 'is no event')
      return { seq, ...parts }
    })
  }

  async #range(after: number, limit: number): Promise<readonly string[]> {
    const end = Math.min(after + limit, this.last)
    const found: string[] = []
    while (after + found.length < end) {
      const seq = after + found.length + 1
      const lines = await this.#read(seq)
      if (lines.length === 0) throw this.#damaged(seq, 'is missing')
      found.push(...lines.slice(0, end - after - found.length))
    }
    return found
  }

  async #read(seq: number): Promise<readonly string[]> {
    try {
      return await this.#lines.from(seq - this.first)
    } catch (error) {
      throw this.#damaged(seq, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #event(seq: number, line: string, voids: Voids): RecordedEvent {
    const event = this.#decoded(seq, line, voids)
    if (event.seq !== seq) throw this.#damaged(seq, `is event ${event.seq}`)
    return event
  }

  #decoded(seq: number, line: string, voids: Voids): RecordedEvent {
    try {
      if (this.header === null) return decodeEvent(JSON.parse(line))
      const parts = partsOf(line)
      if (parts === null) throw this.#damaged(seq, 'is no event')
      const { queue, row } = rowOf(parts.text)
      if (queue !== this.header.queue) throw this.#damaged(seq, `is of queue ${String(queue)}`)
      return decodeEvent(asRead(row, voids))
    } catch (error) {
      // An event of a newer release is not damage. Any other event that cannot be decoded was damaged in this file.
      if (isInterlockError(error, 'unknown_event')) throw error
      if (isInterlockError(error, 'corrupt_log') && error.message.startsWith(this.name)) throw error
      throw this.#damaged(seq, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #damaged(seq: number, what: string): InterlockError {
    return new InterlockError(
      'corrupt_log',
      `${this.name}: event ${seq} ${what.split('; ')[0]}; give the file as interlock archive --to wrote it`,
      { seq },
    )
  }
}

/** The file is not the one that is needed. */
export const noArchive = (path: string, file: string, what: string): InterlockError =>
  invalidInput(
    `${path} ${file}: ${what}; give the files that interlock archive --to wrote, all of them`,
    path,
  )
