import { createServer, connect as dial, type Socket } from 'node:net'
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { freePort } from '../../support/postgres.ts'
import { atEnd } from '../../support/this-test.ts'
import { routeTo } from '../../support/way.ts'
import { connection, migratedDatabase, opened } from './support.ts'

/** Takes connections and says nothing: a machine that hangs. */
async function silentPort(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A server's answer to whether it takes writes, with its last words in the same packet; then it is gone. */
async function lastWords(url: string): Promise<{ readonly url: string; areSaid: boolean }> {
  const { hostname, port } = new URL(url)
  const server = createServer((client) => {
    const upstream = dial(Number(port), hostname)
    let isAsked = false
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => {}).on('close', () => to.destroySoon())
    }
    client.on('data', (chunk) => {
      isAsked ||= chunk.includes('transaction_read_only')
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!isAsked || !proxy.areSaid) return client.write(chunk)
      upstream.destroy()
      return client.end(Buffer.concat([chunk, terminated]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => void server.close())
  const { port: ownPort } = server.address() as { readonly port: number }
  const proxy = { url: url.replace(`:${port}`, `:${ownPort}`), areSaid: true }
  return proxy
}

/** What a server says when it is killed: an error to no question (`ErrorResponse`). */
const terminated = (() => {
  const fields = 'SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, Buffer.from(fields)])
})()

const withHosts = (url: string, before: readonly string[], query = '') =>
  url.replace('@', `@${before.map((host) => `${host},`).join('')}`) + query

describe('an address of several servers', () => {
  it('leads to the one that takes writes, past one that is not there and one that never answers', async () => {
    const url = await migratedDatabase()
    const hosts = [`127.0.0.1:${await silentPort()}`, `127.0.0.1:${await freePort()}`]
    // Nobody waits for the silent one: that would take longer than this test may.
    const store = await opened(withHosts(url, hosts, '?connect_timeout=9000'))
    expect(store.name).toBe(`postgres://${hosts.join(',')},${new URL(url).host}${new URL(url).pathname}`)
    expect((await store.read('q', 0, 1)).version).toBe(0)
    await new Promise<void>(
      (resolve) => void store.listen('q', (wake) => wake.type === 'missed' && resolve()),
    )
  })

  it('leads to a server that begins to take writes while another one hangs', async () => {
    const url = await migratedDatabase()
    const admin = await connection(url)
    await admin.query(`alter database "${admin.database}" set default_transaction_read_only = on`)
    const sessions = async () => {
      const text = 'select sessions from pg_stat_database where datname = current_database()'
      return Number((await admin.query(text)).rows[0].sessions)
    }
    const before = await sessions()
    // The silent one is asked for longer than this test may take.
    const silent = `127.0.0.1:${await silentPort()}`
    const store = postgresStore(withHosts(url, [silent], '?connect_timeout=9000'))
    atEnd(() => store.close())
    const first = store.read('q', 0, 1).catch(() => null)
    await expect.poll(sessions).toBeGreaterThan(before)
    await admin.query(`alter database "${admin.database}" set default_transaction_read_only = off`)
    expect(await first).toMatchObject({ version: 0 })
  })

  it('leaves a server that hangs also with the connections that are just being made', async () => {
    const url = await migratedDatabase()
    const [first, second] = [await routeTo(url), await freePort()]
    const there = url.replace(new URL(url).host, `${first.host},127.0.0.1:${second}`)
    const connectionString = `${there}?connect_timeout=9000`
    // Each limit is longer than this test may take.
    const limits = { connectionTimeoutMillis: 600_000, query_timeout: 600_000 }
    const moved = Promise.withResolvers<string>()
    const store = postgresStore({ connectionString, ...limits }, { warn: moved.resolve })
    atEnd(() => store.close())
    await store.listen('q', () => {})
    first.silence()
    const read = store.read('q', 0, 1).catch(({ code }) => code)
    await routeTo(url, second)
    expect(await moved.promise).toContain(`127.0.0.1:${second} takes writes`)
    expect(await read).toBe('store_unavailable')
  })

  it('is no end of the process when a server goes right after it said that it takes writes', async () => {
    const server = await lastWords(await migratedDatabase())
    const store = postgresStore(`${server.url}?target_session_attrs=read-write`)
    atEnd(() => store.close())
    await expect(store.read('q', 0, 1)).rejects.toMatchObject({ code: 'store_unavailable' })
    server.areSaid = false
    await expect.poll(() => store.read('q', 0, 1).catch(() => null)).toMatchObject({ version: 0 })
  })

  it('is good for a configuration of pg as well', async () => {
    const url = await migratedDatabase()
    const connectionString = withHosts(url, [`127.0.0.1:${await freePort()}`])
    const store = await opened({ connectionString, max: 1, statement_timeout: 5_000 })
    expect((await store.read('q', 0, 1)).version).toBe(0)
  })

  it('says of each server why it will not do', async () => {
    const url = new URL(await migratedDatabase())
    const admin = await connection(url.href)
    await admin.query(`alter database "${admin.database}" set default_transaction_read_only = on`)
    const away = `127.0.0.1:${await freePort()}`
    const store = postgresStore(withHosts(url.href, [away]))
    atEnd(() => store.close())
    await expect(store.open('q')).rejects.toMatchObject({
      code: 'store_unavailable',
      details: { cause: 'no_primary' },
      message: expect.stringMatching(
        new RegExp(`${away}: .*ECONNREFUSED.*; ${url.host}: takes no writes \\(a standby\\?\\)`),
      ),
    })
    // It is the primary all the same, and any server will do for those who only look.
    for (const wanted of ['primary', 'any']) {
      const other = postgresStore(withHosts(url.href, [away], `?target_session_attrs=${wanted}`))
      atEnd(() => other.close())
      await other.read('q', 0, 1)
    }
  })

  it('is one of one server too, which must take writes if it says so', async () => {
    const url = await migratedDatabase()
    const admin = await connection(url)
    await admin.query(`alter database "${admin.database}" set default_transaction_read_only = on`)
    const store = postgresStore(`${url}?target_session_attrs=read-write`)
    atEnd(() => store.close())
    await expect(store.read('q', 0, 1)).rejects.toMatchObject({ details: { cause: 'no_primary' } })
  })

  it('leaves no connection behind that only asked', async () => {
    const url = await migratedDatabase()
    const admin = await connection(url)
    const store = postgresStore(withHosts(url, [`127.0.0.1:${await freePort()}`]))
    await store.open('q')
    await store.close()
    const others =
      'select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'
    await expect.poll(async () => (await admin.query(others)).rowCount).toBe(0)
  })

  it('is refused where it makes no sense', () => {
    expect(() => postgresStore('postgres://h1,h2/app?target_session_attrs=standby')).toThrow(
      'Interlock writes',
    )
    expect(() =>
      postgresStore({ connectionString: 'postgres://h1,,h2/app' } satisfies pg.PoolConfig),
    ).toThrow('a host that is empty')
  })
})
