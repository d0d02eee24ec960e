import { leftOut, RestFailure } from './failure.ts'
import type { RestRequest } from './request.ts'

/** The media type that a request says its body has, without parameters. */
export function bodyType({ headers }: Pick<RestRequest, 'headers'>): string {
  const said = headers['content-type'] ?? 'application/json'
  return /^[^;]*/.exec(said)?.[0].trim().toLowerCase() ?? ''
}

/** @throws RestFailure PGRST102, or 501 for what PostgREST knows and this server does not */
export function refusedType({ headers }: Pick<RestRequest, 'headers'>, type: string): never {
  if (type === 'text/csv' || type === 'application/octet-stream') throw leftOut(`bodies of type ${type}`)
  throw notTaken(`Content-Type not acceptable: ${headers['content-type'] ?? ''}`)
}

/** JSON as it was sent: PostgreSQL reads it, so that no digit of a number is lost. */
export interface JsonBody {
  readonly text: string
  /** A list, or what counts as one: of anything but objects it has none. */
  readonly isList: boolean
  /** Of every object in it. */
  readonly keys: readonly string[]
}

/** @throws RestFailure PGRST102 for what is no JSON, and for a list of anything but objects with the same keys */
export function jsonBody(text: string): JsonBody {
  const value = parsedJson(text)
  if (!Array.isArray(value)) {
    return isObject(value)
      ? { text, isList: false, keys: keysOf(value) }
      : { text: '[]', isList: true, keys: [] }
  }
  const [first] = value
  const keys = isObject(first) ? keysOf(first) : []
  if (value.some((each) => !isObject(each) || !isSame(keysOf(each), keys))) {
    throw notTaken('All object keys must match')
  }
  return { text, isList: true, keys }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notTaken('Empty or invalid json')
  }
}

const notTaken = (message: string): RestFailure => new RestFailure(400, { code: 'PGRST102', message })

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const keysOf = (value: object): readonly string[] => Object.keys(value).sort()
const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((key, i) => key === b[i])
