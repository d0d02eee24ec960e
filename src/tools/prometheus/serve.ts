import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { invalidInput } from '../../engine/core/index.ts'
import type { Metrics } from './metrics.ts'
import { checkServing } from './options.ts'

export interface ServeOptions {
  /** 0: any that is free. */
  readonly port: number
  /** The address that it listens on; `127.0.0.1` unless given: this machine only. */
  readonly host?: string | undefined
  /** The bearer token that a scrape has to show; none unless given. */
  readonly token?: string | undefined
}

/** A small server for one path. */
export interface ServedMetrics {
  /** The address of `/metrics`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves `/metrics` on a port of its own, for a worker that has no server. Only that path, only GET and HEAD; whatever else comes is
 * refused, and never ends the process.
 * @throws InterlockError `invalid_input`, naming the path; also for a port that is taken, or an address that this machine does not have
 */
export async function serveMetrics(
  metrics: Pick<Metrics, 'fetch'>,
  options: ServeOptions,
): Promise<ServedMetrics> {
  checkServing(metrics, options)
  const { port, host = '127.0.0.1', token } = options
  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => {})
    respond(metrics, token, incoming, outgoing).catch(() => outgoing.destroy())
  })
  // A scraper has one connection or two: more are a fault or an attack.
  Object.assign(server, { maxConnections: 64, requestTimeout: 10_000, headersTimeout: 10_000 })
  server.on('clientError', (_, socket) => socket.destroy())
  server.listen(port, host)
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw invalidInput(
      `metrics cannot be served on ${host}:${port} (${error.code}); name another port, or 0 for any that is free`,
    )
  })
  // Too many open files, say: a scrape fails, and nothing else.
  server.on('error', () => {})
  // An idle server keeps no process alive.
  server.unref()
  const bound = server.address() as AddressInfo
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    url: `http://${name}:${bound.port}/metrics`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function respond(
  metrics: Pick<Metrics, 'fetch'>,
  token: string | undefined,
  { url = '', method = '', headers }: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // No address is made of what was sent: one that cannot be parsed has ended other exporters.
  if (url.split('?', 1)[0] !== '/metrics') return refuse(outgoing, 404, 'there is only /metrics here')
  if (method !== 'GET' && method !== 'HEAD') return refuse(outgoing, 405, 'only GET', { allow: 'GET, HEAD' })
  if (token !== undefined && !isBearer(headers.authorization, token))
    return refuse(outgoing, 401, 'a bearer token is needed', { 'www-authenticate': 'Bearer' })
  const accept = headers.accept ?? ''
  const answer = metrics.fetch(new Request('http://localhost/metrics', { method, headers: { accept } }))
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
  outgoing.end(await answer.text())
}

function refuse(outgoing: ServerResponse, status: number, why: string, headers: object = {}): void {
  outgoing.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(`${why}\n`)
}

/** Hashes have one length, so the time of the comparison tells nothing of the token. */
const digest = (text: string) => createHash('sha256').update(text).digest()

/** Whether the header `Authorization` has this bearer token. */
export function isBearer(header: string | null | undefined, token: string): boolean {
  const shown = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]
  return shown !== undefined && timingSafeEqual(digest(shown), digest(token))
}
