import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { atEnd } from '../../support/this-test.ts'

/** What happens to a request instead of its answer. `after`: it is carried out first, and the answer is lost. */
export interface Fault {
  readonly after: boolean
  readonly strike: (response: ServerResponse) => void
}

export interface Proxy {
  readonly url: string
  /** The next requests to this function meet these faults, one each. */
  script(name: string, faults: readonly Fault[]): void
  /** How many faults have struck. */
  readonly struck: () => number
  /** Requests since the last call, by function or table. */
  counted(): Readonly<Record<string, number>>
  /** Milliseconds that each request takes longer. */
  delay(ms: number): void
}

/** A proxy before the API of `target`, ended with the test. */
export async function startProxy(target: string): Promise<Proxy> {
  const scripts = new Map<string, Fault[]>()
  let counts: Record<string, number> = {}
  let struck = 0
  let delayMs = 0
  const server = createServer((incoming, outgoing) => {
    void forward(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const name = /^\/rest\/v1\/(?:rpc\/)?(\w+)/.exec(incoming.url ?? '')?.[1] ?? ''
    counts[name] = (counts[name] ?? 0) + 1
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    const fault = scripts.get(name)?.shift()
    if (fault && !fault.after) {
      struck++
      return fault.strike(outgoing)
    }
    const { host: _, connection: __, ...headers } = incoming.headers
    const answer = await fetch(`${target}${incoming.url}`, {
      method: incoming.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    })
    const body = await answer.text()
    if (fault) {
      struck++
      return fault.strike(outgoing)
    }
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: (name, faults) => void scripts.set(name, [...faults]),
    struck: () => struck,
    counted: () => {
      const last = counts
      counts = {}
      return last
    },
    delay: (ms) => {
      delayMs = ms
    },
  }
}

const json = { 'Content-Type': 'application/json' }
const status = (code: number, body: string, headers: Record<string, string> = json) =>
  ((response) => response.writeHead(code, headers).end(body)) satisfies Fault['strike']

/** The faults of a network, a gateway and a server, by name. `key`: what a careless gateway repeats. */
export const faultsWith = (key: string): Readonly<Record<string, Fault>> => ({
  '503 with Retry-After': {
    after: false,
    strike: status(503, '{"code":"57P01","message":"terminating","details":null,"hint":null}', {
      ...json,
      'Retry-After': '1',
    }),
  },
  '504 of the pool': {
    after: false,
    strike: status(
      504,
      '{"code":"PGRST003","message":"Timed out acquiring connection","details":null,"hint":null}',
    ),
  },
  '504 after the commit': {
    after: true,
    strike: status(504, '<html>gateway time-out</html>', { 'Content-Type': 'text/html' }),
  },
  'a reset before': { after: false, strike: (response) => response.destroy() },
  'a reset after the commit': { after: true, strike: (response) => response.destroy() },
  HTML: {
    after: false,
    strike: status(502, `<html>bad gateway for ${key}</html>`, { 'Content-Type': 'text/html' }),
  },
  'HTML in place of the answer': {
    after: true,
    strike: status(200, '<html>all is well</html>', { 'Content-Type': 'text/html' }),
  },
  'truncated JSON after the commit': { after: true, strike: status(200, '{"ok": tr') },
  'half an answer after the commit': {
    after: true,
    strike: (response) => {
      response.writeHead(200, { ...json, 'Content-Length': '1000' })
      response.write('{"ok": true, ')
      setTimeout(() => response.destroy(), 20)
    },
  },
  '401': {
    after: false,
    strike: status(401, `{"code":"PGRST301","message":"JWT ${key} is refused","details":null,"hint":null}`),
  },
  '429': {
    after: false,
    strike: status(429, '{"message":"too many requests"}', { ...json, 'Retry-After': '1' }),
  },
  'silence after the commit': { after: true, strike: () => {} },
})
