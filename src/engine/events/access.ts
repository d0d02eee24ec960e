import * as z from 'zod'
import { invalidInput, MICROS_PER_SECOND, type Micros } from '../core/index.ts'
import { functionSchema, havingSchema, optionsSchema, parseInput, signalSchema } from './invalid.ts'
import { lazily } from './lazily.ts'
import { queueSchema } from './names.ts'

/** What the rooms ask of a store, taken together. */
const storeCalls = [
  ...['open', 'read', 'listen', 'data', 'snapshot', 'projectionPage', 'workers', 'chain', 'kept', 'close'],
]

const accessFields = lazily(() =>
  optionsSchema({
    store: havingSchema("a store, such as pgliteStore() or postgresStore('postgres://…')", storeCalls),
    queue: queueSchema.optional(),
    signal: signalSchema.optional(),
    onProgress: functionSchema.optional(),
    onNote: functionSchema.optional(),
    files: z.unknown().optional(),
  }),
)

/** The first argument of the rooms that read a log. @throws InterlockError `invalid_input`, naming the path */
export const checkAccess = (access: unknown): unknown => parseInput(accessFields(), access, 'access')

const instant =
  /^(?<second>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(?<part>\d{1,6})\d*)?(?<zone>Z|[+-]\d\d:\d\d)$/

const noInstant =
  'must be the number of an event, a Date, or a text with a time zone such as "2026-11-24T15:00:00Z"'

/** A moment: a Date, or an ISO text with a zone, to the microsecond; null: it is none. */
function instantOf(value: unknown): Micros | null {
  const { second, part = '', zone } = (typeof value === 'string' ? instant.exec(value)?.groups : null) ?? {}
  const ms = value instanceof Date ? value.getTime() : Date.parse(`${second}${zone}`)
  const micros = ms * 1_000 + (Number(part.padEnd(6, '0')) % MICROS_PER_SECOND)
  return Number.isSafeInteger(micros) ? micros : null
}

/** A moment, in microseconds. @throws InterlockError `invalid_input`, naming the path */
export function parseInstant(path: string, value: unknown): Micros {
  const micros = instantOf(value)
  if (micros === null) throw invalidInput(`${path}: ${noInstant}`, path)
  return micros
}

/** Whether it is a length of time in microseconds, from its first to its last moment. */
function isSpan(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { from, to } = value as { readonly from?: unknown; readonly to?: unknown }
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number(from) <= Number(to)
}

const isSeq = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

/** A point of a log. Whether the log has come so far, the log knows. */
export const pointSchema = z.custom<unknown>(
  (value) => isSeq(value) || isSpan(value) || instantOf(value) !== null,
  noInstant,
)
