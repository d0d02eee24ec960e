import { leftOut, RestFailure } from './failure.ts'
import { refuseOtherPreferences } from './supported.ts'

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

/** In which form the answer is wanted. */
export interface Preference {
  /** True: with the rows that were written. */
  readonly representation: boolean
  readonly count: boolean
  /** True for one object instead of a list. */
  readonly object: boolean
}

/** @throws RestFailure 501 for a preference, media type or range that this server does not carry out */
export function wantedBy({ prefer = '', accept = '*/*', range }: RestRequest['headers']): Preference {
  if (range !== undefined) throw leftOut(`header "Range: ${range}"`)
  const preferences = new Map(
    prefer.split(',').flatMap((part) => {
      const [name = '', value = ''] = part.trim().split('=')
      return name === '' ? [] : [[name, value] as const]
    }),
  )
  refuseOtherPreferences(preferences)
  const representation = preferences.get('return') === 'representation'
  return { representation, count: preferences.has('count'), object: isObjectWanted(accept) }
}

const listTypes: ReadonlySet<string> = new Set(['', '*/*', 'application/*', 'application/json'])

function isObjectWanted(accept: string): boolean {
  const types = accept.split(',').map(mediaType)
  if (types.includes('application/vnd.pgrst.object+json')) return true
  if (types.some((type) => listTypes.has(type))) return false
  throw leftOut(`answers of type "${accept}"`)
}

/** Without parameters. */
const mediaType = (text: string): string => text.replace(/;.*$/s, '').trim().toLowerCase()

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

/** The body as JSON; `{}` if there is none. @throws RestFailure PGRST102 if it is not JSON, 501 if it is of another type */
export function jsonIn({ headers, body }: RestRequest): unknown {
  const type = mediaType(headers['content-type'] ?? 'application/json')
  if (type !== 'application/json') throw leftOut(`bodies of type "${type}"`)
  try {
    return JSON.parse(body === '' ? '{}' : body)
  } catch {
    throw new RestFailure(400, { code: 'PGRST102', message: 'Empty or invalid json' })
  }
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
