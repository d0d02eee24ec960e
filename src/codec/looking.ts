import * as z from 'zod'
import { invalidInput, MICROS_PER_SECOND, type Micros, numberText } from '../core/index.ts'
import { functionSchema, havingSchema, optionsSchema, parseInput, signalSchema } from './invalid.ts'
import { queueSchema } from './names.ts'

const accessFields = optionsSchema({
  store: havingSchema("a store, such as pgliteStore() or postgresStore('postgres://…')", ['open', 'read']),
  queue: queueSchema.optional(),
  signal: signalSchema.optional(),
  onProgress: functionSchema.optional(),
  onNote: functionSchema.optional(),
  files: z.unknown().optional(),
})

/** The first argument of the rooms that read a log. @throws InterlockError `invalid_input`, naming the path */
export const checkAccess = (access: unknown): unknown => parseInput(accessFields, access, 'access')

/**
 * A whole number among the options of a call; `usual` if none is given.
 * @throws InterlockError `invalid_input`, naming the path
 */
export function wholeOption(path: string, value: unknown, usual: number, min: number, max: number): number {
  if (value === undefined) return usual
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  const range = `${numberText(min)} to ${numberText(max)}`
  throw invalidInput(`${path}: must be a whole number from ${range}`, path)
}

const instant =
  /^(?<second>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(?<part>\d{1,6})\d*)?(?<zone>Z|[+-]\d\d:\d\d)$/

/**
 * A moment: a Date, or an ISO text with a zone, to the microsecond.
 * @throws InterlockError `invalid_input`, naming the path
 */
export function parseInstant(path: string, value: unknown): Micros {
  const { second, part = '', zone } = (typeof value === 'string' ? instant.exec(value)?.groups : null) ?? {}
  const ms = value instanceof Date ? value.getTime() : Date.parse(`${second}${zone}`)
  const micros = ms * 1_000 + (Number(part.padEnd(6, '0')) % MICROS_PER_SECOND)
  if (Number.isSafeInteger(micros)) return micros
  throw invalidInput(
    `${path}: must be a number of the log, a Date, or a text with a time zone such as "2026-11-24T15:00:00Z"`,
    path,
  )
}
