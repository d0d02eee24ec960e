import { leftOut, RestFailure } from './failure.ts'

/** One parsed HTTP request to the REST API. */
export interface RestRequest {
  readonly method: string
  /** Below /rest/v1, with the leading slash. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** In which form the answer is wanted. */
export interface Preference {
  /** True: with the rows that were written. */
  readonly representation: boolean
  /** True for one object instead of a list. */
  readonly object: boolean
}

/** @throws RestFailure 501 for a preference, media type or range that this server does not carry out */
export function wantedBy({ prefer = '', accept = '*/*', range }: RestRequest['headers']): Preference {
  if (range !== undefined) throw leftOut(`header "Range: ${range}"`)
  const others = prefer.split(',').filter((each) => !/^ *(return=(minimal|representation))? *$/.test(each))
  if (others.length > 0) throw leftOut(`"Prefer: ${others.join(',').trim()}"`)
  return { representation: prefer.includes('representation'), object: isObjectWanted(accept) }
}

const listTypes: ReadonlySet<string> = new Set(['', '*/*', 'application/json'])

function isObjectWanted(accept: string): boolean {
  const types = accept.split(',').map(mediaType)
  if (types.includes('application/vnd.pgrst.object+json')) return true
  if (types.some((type) => listTypes.has(type))) return false
  throw leftOut(`answers of type "${accept}"`)
}

/** Without parameters. */
const mediaType = (text: string): string => text.replace(/;.*$/s, '').trim().toLowerCase()

export const SCHEMA = 'public'

/** GET names a schema in Accept-Profile, the other methods in Content-Profile. @throws RestFailure PGRST106 */
export function requireSchema({ method, headers }: RestRequest): void {
  const schema = headers[method === 'GET' ? 'accept-profile' : 'content-profile'] ?? SCHEMA
  if (schema === SCHEMA) return
  throw new RestFailure(406, {
    code: 'PGRST106',
    message: `Invalid schema: ${schema}`,
    hint: `Only the following schemas are exposed: ${SCHEMA}`,
  })
}

/** Parameters of a URL that are no filters. */
type Reserved = 'select' | 'order' | 'limit'
const reserved: ReadonlySet<string> = new Set([
  'select',
  'order',
  'limit',
  'offset',
  'columns',
  'on_conflict',
])

export const isFilter = (parameter: string): boolean => !reserved.has(parameter)

/** @throws RestFailure 501 for a parameter that such a request does not have here, or has twice */
export function refuseOthers(query: URLSearchParams, had: readonly (Reserved | 'filters')[]): void {
  for (const name of query.keys()) {
    const kind = isFilter(name) ? 'filters' : name
    if (!had.some((each) => each === kind)) throw leftOut(`parameter "${name}" of such a request`)
    if (kind === name && query.getAll(name).length > 1)
      throw leftOut(`parameter "${name}" that is given more than once`)
  }
}

/** The body, an object; `{}` if there is none. @throws RestFailure PGRST102 if it is not JSON, 501 if it is no object */
export function objectIn({ headers, body }: RestRequest): object {
  const type = mediaType(headers['content-type'] ?? 'application/json')
  if (type !== 'application/json') throw leftOut(`bodies of type "${type}"`)
  const value = parsed(body)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw leftOut('body that is not one JSON object')
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body === '' ? '{}' : body)
  } catch {
    throw new RestFailure(400, { code: 'PGRST102', message: 'Empty or invalid json' })
  }
}
