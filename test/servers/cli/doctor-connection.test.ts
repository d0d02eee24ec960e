import net from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { account } from '../intake/support.ts'
import { interlock } from './support.ts'

/** The messages of a server's stream that are whole, without notifications, and what is left. */
function withoutNotifications(bytes: Buffer): { readonly pass: Buffer; readonly rest: Buffer } {
  const kept: Buffer[] = []
  let at = 0
  while (at + 5 <= bytes.length && at + 1 + bytes.readInt32BE(at + 1) <= bytes.length) {
    const end = at + 1 + bytes.readInt32BE(at + 1)
    if (bytes[at] !== 'A'.charCodeAt(0)) kept.push(bytes.subarray(at, end))
    at = end
  }
  return { pass: Buffer.concat(kept), rest: bytes.subarray(at) }
}

/** A way to the server on which notifications get lost, as they do behind a pooler in transaction mode. */
async function deafWay(url: string): Promise<string> {
  const server = new URL(url)
  const sockets = new Set<net.Socket>()
  const proxy = net.createServer((client) => {
    const upstream = net.connect(Number(server.port), server.hostname)
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}))
    client.pipe(upstream)
    let rest = Buffer.alloc(0)
    upstream.on('data', (chunk) => {
      const split = withoutNotifications(Buffer.concat([rest, chunk]))
      rest = Buffer.from(split.rest)
      client.write(split.pass)
    })
    upstream.on('end', () => client.end())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const way = new URL(url)
  way.hostname = '127.0.0.1'
  way.port = String((proxy.address() as net.AddressInfo).port)
  return way.href
}

describe('interlock doctor', () => {
  it('says that notifications do not arrive', async () => {
    const { url } = await account()
    const { code, stdout } = await interlock(['doctor', '--json', '--url', await deafWay(url)])
    expect(code).toBe(3)
    expect(JSON.parse(stdout).findings).toContainEqual({
      check: 'pooler',
      level: 'problem',
      what: expect.stringContaining('notifications do not arrive'),
      remedy: expect.stringContaining('session mode'),
    })
  })
})
