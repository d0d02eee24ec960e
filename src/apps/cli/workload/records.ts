import { parse } from 'csv-parse/sync'
import { invalidInput } from '../../../engine/core/index.ts'
import { columns, type Fields, type Purpose, payloadOf, requiredColumns } from './line.ts'

/** Splits one line into fields. The beginning of the file decides the format. */
export type ReadRecord = (text: string) => Fields

/** JSON lines begin with a brace; everything else has to begin with the names of the columns. */
export function recordReader(
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

function jsonRecord(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidInput(
      'not JSON; every line must be one object, such as {"job_id":"a","models":["m"],"payload":{"n":1}}',
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw invalidInput(
    'not an object; every line must be one, such as {"job_id":"a","models":["m"],"payload":{"n":1}}',
  )
}

function csvRecord(header: readonly string[], text: string): Fields {
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
