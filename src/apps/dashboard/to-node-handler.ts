import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { havingSchema, parseInput } from '../../engine/events/index.ts'
import type { Dashboard } from './dashboard.ts'

/** A handler of `node:http`, which Express, Fastify and others accept too. */
export type NodeHandler = (incoming: IncomingMessage, outgoing: ServerResponse) => void

const mounted = havingSchema('a dashboard: createDashboard(…)', ['fetch'])

/**
 * The dashboard as a handler of `node:http`. It never throws, whatever a client sends and whatever goes wrong.
 * @throws InterlockError `invalid_input` for what is no dashboard
 * @example http.createServer(toNodeHandler(dashboard)).listen(8080, '127.0.0.1')
 */
export function toNodeHandler(dashboard: Pick<Dashboard, 'fetch'>): NodeHandler {
  parseInput(mounted, dashboard, 'dashboard')
  return (incoming, outgoing) => {
    // Closing reports a peer that is gone. Nothing else has to be done.
    outgoing.on('error', () => {})
    incoming.on('error', () => {})
    respond(dashboard, incoming, outgoing).catch(() => outgoing.destroy())
  }
}

async function respond(
  dashboard: Pick<Dashboard, 'fetch'>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const request = requestOf(incoming, gone.signal)
  if (request === null) {
    outgoing.writeHead(400, { 'content-type': 'text/plain', connection: 'close' }).end('bad request')
    return
  }
  await send(await dashboard.fetch(request), outgoing, gone.signal)
}

/** Null: it cannot be answered. The Host is only a header here; no address is made of it. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | null {
  // Express removes the mount from `url`, and keeps the whole here.
  const { originalUrl } = incoming as { readonly originalUrl?: string }
  const path = originalUrl ?? incoming.url ?? ''
  if (!path.startsWith('/') || path.startsWith('//')) return null
  const isSafe = 'encrypted' in incoming.socket
  const url = `${isSafe ? 'https' : 'http'}://localhost${path}`
  const method = incoming.method ?? 'GET'
  try {
    const headers = new Headers()
    for (const [name, value] of Object.entries(incoming.headers))
      if (!name.startsWith(':')) for (const one of [value ?? []].flat()) headers.append(name, one)
    const authority = incoming.headers[':authority']
    if (typeof authority === 'string' && !headers.has('host')) headers.set('host', authority)
    if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
    return new Request(url, { method, headers, signal, ...bodyOf(incoming) })
  } catch {
    return null
  }
}

/** Another handler may have read the body already, and left the result. */
function bodyOf(incoming: IncomingMessage): RequestInit {
  const { body } = incoming as { readonly body?: unknown }
  if (incoming.readableEnded && body !== undefined)
    return { body: typeof body === 'string' ? body : JSON.stringify(body) }
  return { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' } as RequestInit
}

/** Sends no faster than the client reads. */
async function send(response: Response, outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  const reader = response.body?.getReader()
  gone.addEventListener('abort', () => void reader?.cancel().catch(() => {}), { once: true })
  if (gone.aborted) return void reader?.cancel().catch(() => {})
  const { 'set-cookie': _, ...headers } = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  outgoing.writeHead(response.status, cookies.length === 0 ? headers : { ...headers, 'set-cookie': cookies })
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done || value === undefined || gone.aborted) break
    if (!outgoing.write(value)) await drained(outgoing, gone)
  }
  outgoing.end()
}

function drained(outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      outgoing.off('drain', go)
      gone.removeEventListener('abort', go)
      resolve()
    }
    outgoing.once('drain', go)
    gone.addEventListener('abort', go, { once: true })
  })
}
