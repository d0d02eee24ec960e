import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { InterlockError, invalidInput } from '../../../engine/core/index.ts'
import {
  columns,
  jobOfLine,
  type LineFields,
  type Purpose,
  payloadOf,
  requiredColumns,
  type Workload,
  type WorkloadJob,
} from './line.ts'

export interface ReadOptions {
  /** Read only the first so many jobs, and ignore the rest of the file. */
  readonly limit?: number | undefined
  /** Leave out broken lines instead of refusing the file. */
  readonly skipInvalid?: boolean | undefined
  /** `run` unless given. */
  readonly purpose?: Purpose
}

/**
 * Reads a workload file: CSV or JSON lines, plain or gzip. Checks the whole file before it returns anything.
 * @throws InterlockError `invalid_input`, with the file, the line, and what is wrong
 */
export async function readWorkload(file: string, options: ReadOptions = {}): Promise<Workload> {
  const reading = new WorkloadReading(file, options)
  for await (const text of textLines(file)) {
    reading.take(text)
    if (reading.isFull) break
  }
  if (reading.jobs.length === 0) {
    throw invalidInput(`${file}: there is no job in it; add a line per job`)
  }
  return reading
}

class WorkloadReading implements Workload {
  readonly file: string
  readonly jobs: WorkloadJob[] = []
  readonly skipped: string[] = []
  readonly #options: ReadOptions
  readonly #purpose: Purpose
  readonly #lineOfId = new Map<string, number>()
  #line = 0
  #read: ReadRecord | undefined

  constructor(file: string, options: ReadOptions) {
    this.file = file
    this.#options = options
    this.#purpose = options.purpose ?? 'run'
  }

  get isFull(): boolean {
    return this.jobs.length === this.#options.limit
  }

  take(raw: string): void {
    this.#line++
    const text = this.#line === 1 ? raw.replace(/^\uFEFF/, '') : raw
    if (text.trim() === '') return
    if (this.#read === undefined && this.#isHeader(text)) return
    this.#takeJob(text)
  }

  /** Without a valid header no line can be read, so a broken one is never skipped. */
  #isHeader(text: string): boolean {
    const { read, isHeader } = this.#named(() => recordReader(text, this.#purpose))
    this.#read = read
    return isHeader
  }

  #takeJob(text: string): void {
    try {
      this.#named(() => {
        const job = jobOfLine(this.#read?.(text) ?? {}, this.#line, this.#purpose)
        this.#refuseTwin(job)
        this.jobs.push(job)
      })
    } catch (error) {
      if (this.#options.skipInvalid !== true || !(error instanceof InterlockError)) throw error
      this.skipped.push(error.message)
    }
  }

  #refuseTwin({ input: { jobId }, line }: WorkloadJob): void {
    const first = this.#lineOfId.get(jobId)
    if (first !== undefined) {
      throw invalidInput(`job_id ${jobId} is on line ${first} already; ids must differ`)
    }
    this.#lineOfId.set(jobId, line)
  }

  #named<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof InterlockError)) throw error
      const message = `${this.file}, line ${this.#line}: ${error.message}`
      throw new InterlockError('invalid_input', message, { path: this.file, line: this.#line })
    }
  }
}

/** The lines of a text file, unpacked if its name ends in `.gz`. @throws InterlockError `invalid_input` */
async function* textLines(file: string): AsyncGenerator<string> {
  const source = createReadStream(file)
  const stream = file.endsWith('.gz') ? source.pipe(createGunzip()) : source
  // A pipe does not pass on the errors of its source.
  if (stream !== source) source.once('error', (error: Error) => stream.destroy(error))
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  let failure: unknown
  stream.once('error', (error: unknown) => {
    failure = error
    lines.close()
  })
  try {
    for await (const line of lines) yield line
    if (failure !== undefined) throw failure
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    lines.close()
    source.destroy()
  }
}

function unreadable(file: string, error: unknown): InterlockError {
  const { code, message } = error as NodeJS.ErrnoException
  const reason =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'it is a folder'
        : code?.startsWith('Z_')
          ? 'it ends in .gz but is not whole gzip data'
          : message
  return invalidInput(`${file}: ${reason}; give the path of a workload file`)
}

/** Splits one line into fields. The beginning of the file decides the format. */
type ReadRecord = (text: string) => LineFields

/** JSON lines begin with a brace; everything else has to begin with the names of the columns. */
function recordReader(
  first: string,
  purpose: Purpose,
): { readonly read: ReadRecord; readonly isHeader: boolean } {
  if (first.trimStart().startsWith('{')) return { read: jsonRecord, isHeader: false }
  const header = csvFields(first).map((name) => name.trim())
  const missing = requiredColumns[purpose].filter((name) => !header.includes(name))
  if (missing.length > 0) {
    throw invalidInput(
      `no column ${missing.join(', ')}; the first line names the columns, such as ${requiredColumns[purpose].join(',')}`,
    )
  }
  const unknown = header.filter((name) => !(columns as readonly string[]).includes(name))
  if (unknown.length > 0)
    throw invalidInput(`unknown column ${unknown.join(', ')}; the columns are ${columns.join(', ')}`)
  return { read: (text) => csvRecord(header, text), isHeader: true }
}

function jsonRecord(text: string): LineFields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidInput(
      'not JSON; every line must be one object, such as {"job_id":"a","models":["m"],"payload":{"n":1}}',
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as LineFields
  throw invalidInput(
    'not an object; every line must be one, such as {"job_id":"a","models":["m"],"payload":{"n":1}}',
  )
}

function csvRecord(header: readonly string[], text: string): LineFields {
  const values = csvFields(text)
  if (values.length !== header.length) {
    throw invalidInput(
      `${values.length} fields where the first line names ${header.length}; quote a field that has commas, and double the quotes in it`,
    )
  }
  const { payload, ...fields } = Object.fromEntries(header.map((name, index) => [name, values[index]]))
  // An empty field means no payload; in JSON lines, null is a payload.
  return payload === undefined || payload.trim() === '' ? fields : { ...fields, payload: payloadOf(payload) }
}

/**
 * A record never spans lines, since names have no control characters. So a broken quote costs one line, not the rest of the file.
 * csv-parse takes 20 µs per call, which lines without a quote (48,000 of them, say) need not pay.
 */
function csvFields(text: string): string[] {
  if (!text.includes('"')) return text.split(',')
  try {
    const rows: string[][] = parse(text, { relax_column_count: true })
    return rows[0] ?? []
  } catch {
    throw invalidInput(
      'a quote is not closed, or stands in the middle of a field; write "a ""quoted"" field"',
    )
  }
}
