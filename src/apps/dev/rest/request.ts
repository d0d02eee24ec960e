import { leftOut, RestFailure } from './failure.ts'
import { refuseOtherPreference } from './supported.ts'

/** One parsed HTTP request to the REST API. */
export interface RestRequest {
  readonly method: string
  /** Below /rest/v1, with the leading slash. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface RestResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The preferences in the `Prefer` header. */
export interface Preferences {
  readonly returning: 'minimal' | 'representation'
  readonly count: boolean
  readonly resolution: 'merge-duplicates' | 'ignore-duplicates' | null
  /** Those that are followed, in the form in which the answer names them. */
  readonly applied: readonly string[]
}

/** What PostgREST knows; an empty list: any value. */
const known: Readonly<Record<string, readonly string[]>> = {
  return: ['minimal', 'representation', 'headers-only'],
  count: ['exact', 'planned', 'estimated'],
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  missing: ['default', 'null'],
  handling: ['strict', 'lenient'],
  tx: ['commit', 'rollback'],
  params: ['single-object'],
  timezone: [],
  'max-affected': [],
}

/** @throws RestFailure PGRST122 under `handling=strict` if a preference is unknown; 501 if only this server does not follow it */
export function preferencesOf(header: string | undefined): Preferences {
  const given = (header ?? '').split(',').flatMap((part) => part.trim() || [])
  const pairs = given.map((text) => [text, ...text.split('=')] as const)
  const unknown = pairs.filter(([, name = '', value = '']) => {
    const values = Object.hasOwn(known, name) ? known[name] : undefined
    return values === undefined || (values.length > 0 && !values.includes(value))
  })
  if (given.includes('handling=strict') && unknown.length > 0) {
    throw new RestFailure(400, {
      code: 'PGRST122',
      message: 'Invalid preferences given with handling=strict',
      details: `Invalid preferences: ${unknown.map(([text]) => text).join(', ')}`,
    })
  }
  for (const pair of pairs) {
    if (!unknown.includes(pair)) refuseOtherPreference(pair[1] ?? '', pair[2] ?? '')
  }
  const value = (name: string) =>
    pairs.find(([, key, given = '']) => key === name && known[name]?.includes(given))?.[2]
  return {
    returning: (value('return') ?? 'minimal') as Preferences['returning'],
    count: value('count') !== undefined,
    resolution: (value('resolution') ?? null) as Preferences['resolution'],
    applied: given.filter((text) => /^(return|count|resolution|handling)=/.test(text)),
  }
}

/** Media types that PostgREST supports and this server does not. */
const leftOutTypes: ReadonlySet<string> = new Set([
  ...['text/csv', 'text/plain', 'text/xml', 'application/geo+json', 'application/octet-stream'],
  ...['application/openapi+json', 'application/vnd.pgrst.plan', 'application/vnd.pgrst.plan+json'],
])

/** True if the client wants one object instead of a list. @throws RestFailure for unsupported media types */
export function wantsObject(accept: string | undefined): boolean {
  const types: readonly string[] = (accept ?? '*/*')
    .split(',')
    .map((type) => type.split(';')[0]?.trim().toLowerCase() ?? '')
  if (/;\s*nulls=stripped/i.test(accept ?? '')) throw leftOut('nulls=stripped in "Accept"')
  if (types.includes('application/vnd.pgrst.object+json')) return true
  if (
    types.some((type) =>
      ['*/*', 'application/*', 'application/json', 'application/vnd.pgrst.array+json', ''].includes(type),
    )
  )
    return false
  if (types.some((type) => leftOutTypes.has(type))) throw leftOut(`answers of type ${accept}`)
  throw new RestFailure(406, {
    code: 'PGRST107',
    message: `None of these media types are available: ${types.join(', ')}`,
  })
}

/** The schema of a request. GET and HEAD name it in Accept-Profile, the other methods in Content-Profile. */
export function schemaOf({ method, headers }: RestRequest, exposed: readonly string[]): string {
  const reading = method === 'GET' || method === 'HEAD'
  const named = headers[reading ? 'accept-profile' : 'content-profile']
  const schema = named ?? exposed[0] ?? 'public'
  if (exposed.includes(schema)) return schema
  throw new RestFailure(406, {
    code: 'PGRST106',
    message: `Invalid schema: ${schema}`,
    hint: `Only the following schemas are exposed: ${exposed.join(', ')}`,
  })
}

/** The media type of the body, without parameters. */
export function bodyType({ headers }: Pick<RestRequest, 'headers'>): string {
  const said = headers['content-type'] ?? 'application/json'
  return /^[^;]*/.exec(said)?.[0].trim().toLowerCase() ?? ''
}

/** @throws RestFailure PGRST102, or 501 if PostgREST supports the type and this server does not */
export function refusedType({ headers }: Pick<RestRequest, 'headers'>, type: string): never {
  if (type === 'text/csv' || type === 'application/octet-stream') throw leftOut(`bodies of type ${type}`)
  throw notTaken(`Content-Type not acceptable: ${headers['content-type'] ?? ''}`)
}

/** JSON as it was sent. PostgreSQL parses it, so that no digit of a number is lost. */
export interface JsonBody {
  readonly text: string
  /** True for a list of objects. */
  readonly isList: boolean
  /** The keys that every object in it has. */
  readonly keys: readonly string[]
}

/** @throws RestFailure PGRST102 if it is not JSON, or a list of anything but objects with the same keys */
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
