import net from 'node:net'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { askWithin } from '../../../src/engine/store/postgres/connections.ts'
import { handMade, queuedEvent } from './hand-made.ts'
import { migratedDatabase, opened, rebuilding } from './support.ts'

/** A way to the database on which the connections of a moment can fall silent; later ones work. `left`: how many the client has left. */
async function silenceable(database: string) {
  const { hostname, port } = new URL(database)
  const sockets = new Set<net.Socket>()
  let left = 0
  const server = net.createServer((near) => {
    near.once('close', () => left++)
    const far = net.connect(Number(port), hostname)
    near.pipe(far)
    far.pipe(near)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = new URL(database)
  url.host = `127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const silence = () => {
    for (const socket of sockets) socket.unpipe()
    for (const socket of sockets) socket.resume()
  }
  return { url: url.href, silence, left: () => left }
}

/** A pool as a program makes it, which waits for an answer for ever. */
function poolOf(url: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4, ...options })
  onTestFinished(() => pool.end())
  return pool
}

/** Anything else than a database that is away ends the test. */
function ifAway(error: unknown): undefined {
  if (!isInterlockError(error, 'store_unavailable')) throw error
}

describe('a connection that is half open', () => {
  it("is given up by a question in a program's own pool, and the next one gets an answer", async () => {
    const { url, silence } = await silenceable(await migratedDatabase())
    const pool = poolOf(url)
    const ask = askWithin(300)
    await ask(pool, 'select 1')
    silence()
    await expect(ask(pool, 'select 1')).rejects.toThrow('timeout')
    expect((await askWithin(10_000)<{ one: number }>(pool, 'select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('is left by the next beat, which does not wait for the one before', async () => {
    const { url, silence } = await silenceable(await migratedDatabase())
    const store = await opened(poolOf(url, { max: 1 }))
    const beat = () =>
      store.beat({
        queue: 'q',
        workerId: 'w',
        kinds: null,
        freeSlots: 1,
        release: '0',
        ttlMs: 3_000,
        graceMs: 1_000,
      })
    await beat()
    silence()
    const hangs = expect(beat()).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await beat()).toMatchObject({ alive: true })
    await hangs
  })

  it("is given up by each call after what the program's pool allows", async () => {
    const { url, silence } = await silenceable(await migratedDatabase())
    const store = await opened(poolOf(url, { max: 1, query_timeout: 300 }))
    silence()
    const away = { code: 'store_unavailable' }
    await expect(store.read('q', 0, 10)).rejects.toMatchObject(away)
    expect((await store.read('q', 0, 10)).version).toBe(0)
    silence()
    await expect(rebuilding(store)).rejects.toMatchObject(away)
    await expect.poll(() => store.read('q', 0, 10).then(({ version }) => version)).toBe(0)
  })

  it('is given up by an append, also where it is the one that listens', async () => {
    const { url, silence, left } = await silenceable(await migratedDatabase())
    const store = await opened({ connectionString: url, query_timeout: 500 })
    onTestFinished(await store.listen('q', () => {}))
    silence()
    const appended = () =>
      store.append(handMade({ queue: 'q', version: 0, at: Date.now() * 1_000, events: [queuedEvent('a')] }))
    const before = left()
    let failed = 0
    // Any answer will do. A try whose answer is late may be written all the same, and then the next one is refused.
    while ((await appended().catch(ifAway)) === undefined) failed++
    expect(failed).toBeGreaterThan(0)
    // Each try that had no answer gave up the connection that it went over.
    await expect.poll(() => left() - before).toBe(failed)
  })
})
