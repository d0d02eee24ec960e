import net from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkClock } from '../../src/doctor/checks/clock.ts'
import { checkPooler } from '../../src/doctor/checks/pooler.ts'
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

describe('a session', () => {
  const session = { over: 'postgres', notificationsArrive: true, connectedMs: 50 } as const

  it.each([
    [40, 0],
    [1_000, 0],
    [1_100, 1],
    [3_600_000, 1],
  ])('of %i ms, for a program of 50, gives %i findings', (sessionAgeMs, findings) => {
    expect(checkPooler({ ...session, checkup: { sessionAgeMs } })).toHaveLength(findings)
    expect(checkPooler({ ...session, over: 'supabase', checkup: { sessionAgeMs } })).toEqual([])
  })
})

describe('the clock of the database', () => {
  const clock = { before: 10_000, after: 10_400 }

  it.each([
    [9_100_000, ''],
    [10_200_000, ''],
    [11_300_000, ''],
    [8_900_000, '1.1 s behind'],
    [13_400_000, '3.0 s ahead of'],
  ])('at %i µs, between 10.0 and 10.4 s here: %s', (now, says) => {
    const found = checkClock({ checkup: { now }, clock })
    expect(found.map(({ what }) => what)).toEqual(says === '' ? [] : [expect.stringContaining(says)])
  })
})
