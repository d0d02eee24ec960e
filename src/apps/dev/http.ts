import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { DevDatabase } from './database/database.ts'
import type { ProjectKeys } from './keys.ts'
import { failureAnswer } from './rest/answer.ts'
import { RestFailure } from './rest/failure.ts'
import { credentialOf, type RestHandler } from './rest/handler.ts'
import type { RestRequest, RestResponse } from './rest/request.ts'

const BASE = '/rest/v1'
const MOST_BYTES = 10_485_760

const crossOrigin = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Range',
}

const preflight = {
  ...crossOrigin,
  'Access-Control-Allow-Methods': 'GET, POST, PATCH, DELETE, OPTIONS, HEAD',
  'Access-Control-Allow-Headers':
    '*, Authorization, apikey, content-type, prefer, x-client-info, accept-profile, content-profile',
}

/** What is served over HTTP. */
export interface ServedApi {
  readonly rest: RestHandler
  readonly db: DevDatabase
  readonly keys: ProjectKeys
}

/** The HTTP side: parses requests and sends answers. */
export function httpServer(served: ServedApi): Server {
  return createServer((incoming, outgoing) => void respond(served, incoming, outgoing))
}

async function respond(
  served: ServedApi,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const answer = await answerTo(served, incoming).catch(refusal)
  send(outgoing, answer)
}

/** The answer to an error. A client whose request broke off does not get it. */
const refusal = (error: unknown): RestResponse =>
  error instanceof RestFailure ? failureAnswer(error) : ownRefusal(400, 'the body broke off')

const ownRefusal = (status: number, message: string): RestResponse =>
  failureAnswer(new RestFailure(status, { code: 'INTERLOCK', message }))

function send(outgoing: ServerResponse, { status, headers, body }: RestResponse): void {
  outgoing.writeHead(status, {
    ...crossOrigin,
    ...headers,
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) }),
  })
  outgoing.end(body)
}

async function answerTo({ rest, db, keys }: ServedApi, incoming: IncomingMessage): Promise<RestResponse> {
  const { method = 'GET' } = incoming
  if (method === 'OPTIONS' && incoming.headers['access-control-request-method'] !== undefined) {
    return { status: 200, headers: preflight, body: '' }
  }
  const url = addressOf(incoming)
  if (url === null) {
    return ownRefusal(400, 'the address cannot be read')
  }
  const headers = headersOf(incoming)
  if (method === 'POST' && url.pathname === '/pg/query') {
    const credential = credentialOf(headers)
    return runSql(db, keys, { credential, type: headers['content-type'], body: await bodyOf(incoming) })
  }
  if (!url.pathname.startsWith(`${BASE}/`)) {
    return ownRefusal(404, `only ${BASE}, /realtime/v1 and /pg/query are served here`)
  }
  const request: RestRequest = {
    method,
    path: url.pathname.slice(BASE.length),
    query: url.searchParams,
    headers,
    body: await bodyOf(incoming),
  }
  return rest.handle(request)
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).length
    if (bytes > MOST_BYTES) {
      const message = `the body has more than ${MOST_BYTES} bytes`
      throw new RestFailure(413, { code: 'INTERLOCK', message })
    }
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export interface SqlRequest {
  readonly credential: string | undefined
  readonly type: string | undefined
  readonly body: string
}

/**
 * /pg/query is the SQL editor of a project, for holders of the secret key. As in `supabase start`, the SQL is the body, or
 * `query` of a JSON document; the answer is the rows of its last statement.
 */
async function runSql(db: DevDatabase, keys: ProjectKeys, request: SqlRequest): Promise<RestResponse> {
  const claims = await keys.claimsOf(request.credential).catch(() => null)
  if (claims?.role !== 'service_role')
    return answer(403, { message: 'SQL is for the secret key (SUPABASE_SECRET_KEY)' })
  try {
    return answer(200, await db.exec(sqlOf(request)))
  } catch (error) {
    return answer(400, { message: error instanceof Error ? error.message : String(error) })
  }
}

function sqlOf({ type = '', body }: SqlRequest): string {
  if (!type.includes('json')) return body
  const { query } = JSON.parse(body)
  if (typeof query !== 'string') throw new Error('the body has no "query"')
  return query
}

function answer(status: number, document: unknown): RestResponse {
  const body = JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body }
}

/** The address of a request. Null if its first line has none that can be read: any program may connect and send anything. */
export function addressOf({ url = '/' }: IncomingMessage): URL | null {
  // As a relative address, a path that begins with two slashes would be read as a host.
  return URL.parse(url.startsWith('/') ? `http://localhost${url}` : url)
}
