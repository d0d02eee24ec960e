import * as z from 'zod'
import { type Json, numberText } from '../core/index.ts'
import { parseInput } from './invalid.ts'

/** Limits of what is kept beside the log, in bytes of JSON text (UTF-8), and how deep it may nest. */
export const jsonBounds = {
  payload: 1_048_576,
  result: 1_048_576,
  checkpoint: 65_536,
  progress: 65_536,
  /** All payloads of one call: an append then stays within some 100 ms. */
  call: 16_777_216,
  depth: 100,
} as const

class JsonFault extends Error {
  readonly path: readonly PropertyKey[]
  constructor(path: readonly PropertyKey[], message: string) {
    super(message)
    this.path = [...path]
  }
}

/**
 * A JSON value, as a copy that nobody changes afterwards.
 * @param path where in the input it is; grows and shrinks with the walk
 */
function copyOf(value: unknown, path: PropertyKey[]): Json {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return soundText(value, path)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value
    throw new JsonFault(path, `is ${value}, which JSON cannot hold; leave it out or write null`)
  }
  if (typeof value !== 'object') {
    throw new JsonFault(path, `is of type ${typeof value}, which JSON cannot hold; ${remedies[typeof value]}`)
  }
  if (path.length >= jsonBounds.depth) {
    const message = `nests deeper than ${jsonBounds.depth} levels, or in a circle; make it flatter`
    throw new JsonFault(path.slice(0, 3), message)
  }
  return Array.isArray(value) ? Array.from(value, (item, i) => below(i, item, path)) : objectCopy(value, path)
}

function below(key: PropertyKey, value: unknown, path: PropertyKey[]): Json {
  path.push(key)
  const copy = copyOf(value, path)
  path.pop()
  return copy
}

const remedies: Readonly<Record<string, string>> = {
  bigint: 'write it as a text',
  function: 'leave it out',
  symbol: 'leave it out',
  undefined: 'write null',
}

/** Undefined fields are left out, as JSON does. An own `__proto__` stays an ordinary key. */
function objectCopy(value: object, path: PropertyKey[]): Json {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    const message = 'is neither a plain object nor a list; give its contents (for a Date: toISOString())'
    throw new JsonFault(path, message)
  }
  const copy: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    put(copy, soundText(key, path), below(key, item, path))
  }
  return copy
}

/** Assigning `__proto__` would set the prototype. */
function put(copy: Record<string, Json>, key: string, value: Json): void {
  if (key !== '__proto__') copy[key] = value
  else Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true })
}

/** jsonb refuses NUL (22P05) and lone surrogates (22P02). */
function soundText(text: string, path: PropertyKey[]): string {
  if (!text.isWellFormed()) {
    throw new JsonFault(path, 'contains half of a surrogate pair; cut texts at whole characters')
  }
  if (text.includes('\0')) throw new JsonFault(path, 'contains a NUL character; remove it')
  return text
}

/** A JSON value of at most `bytes`. */
export function jsonSchema(bytes: number): z.ZodType<Json> {
  return z.unknown().transform((value, context) => {
    try {
      const copy = copyOf(value, [])
      if (mostBytesOf(copy) <= bytes) return copy
      const size = sizeOf(copy)
      if (size <= bytes) return copy
      const [is, most] = [numberText(size), numberText(bytes)]
      throw new JsonFault(
        [],
        `has ${is} bytes as JSON, at most ${most} are kept; store it elsewhere and pass its address`,
      )
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error
      context.addIssue({ code: 'custom', path: [...error.path], message: error.message })
      return z.NEVER
    }
  })
}

/** Whether a value is nested this many levels deep. Uses no stack, however deep it nests. */
export function reaches(value: unknown, levels: number): boolean {
  let level: unknown[] = [value]
  for (let left = levels; left > 0 && level.length > 0; left--) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
  return level.length > 0
}

/** What {@link jsonSchema} returns; undefined if the schema may refuse the value. */
export function plainJson(value: unknown, bytes: number): Json | undefined {
  try {
    const copy = copyOf(value, [])
    return mostBytesOf(copy) <= bytes ? copy : undefined
  } catch (error) {
    if (error instanceof JsonFault) return undefined
    throw error
  }
}

const resultSchema = jsonSchema(jsonBounds.result)

/** A result that was already checked. Only this package makes one, around a copy that nobody else has. */
export class CheckedResult {
  readonly json: Json
  constructor(value: unknown) {
    this.json = parseInput(resultSchema, value, 'result')
  }
}

/** The result of a job. @throws InterlockError `invalid_input`, naming the path below `result` */
export const parseResult = (value: unknown): Json =>
  value instanceof CheckedResult ? value.json : parseInput(resultSchema, value, 'result')

const noteSchema = z
  .strictObject({
    checkpoint: jsonSchema(jsonBounds.checkpoint).optional(),
    progress: jsonSchema(jsonBounds.progress).optional(),
  })
  .transform(({ checkpoint, progress }) => ({
    ...(checkpoint === undefined ? undefined : { checkpoint }),
    ...(progress === undefined ? undefined : { progress }),
  }))
  .refine((note) => Object.keys(note).length > 0, 'must have a checkpoint, progress, or both')

/** The note of an attempt. @throws InterlockError `invalid_input`, naming the path below `note` */
export const parseNote = (value: unknown) => parseInput(noteSchema, value, 'note')

const utf8 = new TextEncoder()

/** Bytes of JSON text. */
export function sizeOf(value: Json): number {
  return utf8.encode(JSON.stringify(value)).length
}

/** Such as -0.0000014287353253553296. */
const NUMBER = 25
/** A control character is six bytes of text; no other takes more. */
const ESCAPED = 6

/** An upper limit for the bytes of its JSON text, without writing it: most values are far below their limits. */
export const mostBytesOf = (value: Json): number => walked(value, ESCAPED)

/** About as many characters as its JSON text has. */
export const lengthOf = (value: Json): number => walked(value, 1)

function walked(value: Json, perUnit: number): number {
  if (typeof value === 'string') return value.length * perUnit + 3
  if (typeof value === 'number') return perUnit === 1 ? digitsOf(value) : NUMBER
  if (typeof value !== 'object' || value === null) return ESCAPED
  let sum = 3
  if (Array.isArray(value)) for (const item of value) sum += walked(item, perUnit)
  else
    for (const key in value)
      sum +=
        key.length * perUnit + 3 + walked((value as Readonly<Record<string, Json>>)[key] ?? null, perUnit)
  return sum
}

/** For whole numbers; any other number counts as a long one. */
function digitsOf(value: number): number {
  if (!Number.isSafeInteger(value)) return NUMBER
  let digits = 2
  for (let rest = Math.abs(value); rest >= 10; rest /= 10) digits++
  return digits
}
