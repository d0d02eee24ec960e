import { createServer, type IncomingMessage, type Server } from 'node:http'
import { failureAnswer, RestFailure, type RestResponse } from './rest/failure.ts'
import type { RestHandler } from './rest/handler.ts'

const BASE = '/rest/v1'

/** The HTTP side: parses requests and sends answers. */
export function httpServer(rest: RestHandler): Server {
  return createServer(async (incoming, outgoing) => {
    const { status, headers, body } = await answerTo(rest, incoming)
    const length = status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) }
    outgoing.writeHead(status, { ...headers, ...length }).end(body)
  })
}

async function answerTo(rest: RestHandler, incoming: IncomingMessage): Promise<RestResponse> {
  const { pathname, searchParams } = addressOf(incoming)
  if (!pathname.startsWith(`${BASE}/`)) {
    const message = `only ${BASE} and /realtime/v1 are served here`
    return failureAnswer(new RestFailure(404, { code: 'INTERLOCK', message }))
  }
  return rest.handle({
    method: incoming.method ?? 'GET',
    path: pathname.slice(BASE.length),
    query: searchParams,
    headers: headersOf(incoming),
    body: await bodyOf(incoming).catch(() => ''),
  })
}

export const addressOf = ({ url = '/' }: IncomingMessage): URL => new URL(`http://localhost${url}`)

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
