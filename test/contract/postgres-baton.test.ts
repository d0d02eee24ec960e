import { expect, it } from 'vitest'
import { appendNow, queuedEvent, until } from '../../src/testing/index.ts'
import { connection, migratedDatabase, opened } from './support.ts'

/** In this database: the server is shared with other test files. */
const holders = `select l.pid from pg_locks l join pg_database d on d.oid = l.database
  where l.locktype = 'advisory' and l.granted and d.datname = current_database()`

async function two() {
  const url = await migratedDatabase()
  const [here, there] = [await opened(url), await opened(url)]
  const take = (store: typeof here, queue = 'q') =>
    store.baton?.(queue) ?? Promise.reject(new Error('no baton'))
  return { url, here, take: [() => take(here), () => take(there), () => take(there, 'other')] as const }
}

it('is with one process at a time, and each queue has its own', async () => {
  const { here, take } = await two()
  const give = await take[0]()
  let second: 'waits' | 'has it' = 'waits'
  const waiting = take[1]().then((giveSecond) => {
    second = 'has it'
    return giveSecond
  })
  await (await take[2]())?.()
  // Whoever holds it works over other connections, and so may anybody else.
  expect((await appendNow(here, 'q', [queuedEvent('a')])).ok).toBe(true)
  expect(second).toBe('waits')
  await give?.()
  const giveSecond = await waiting
  expect(giveSecond).toBeTypeOf('function')
  await giveSecond?.()
})

it('comes free when its holder is cut off, whose giving back then harms nobody', async () => {
  const { url, take } = await two()
  const give = await take[0]()
  const sql = await connection(url)
  await sql.query(`select pg_terminate_backend(pid) from (${holders}) h`)
  await until('nobody holds it', async () => (await sql.query(holders)).rowCount === 0)
  const next = await take[1]()
  expect(next).toBeTypeOf('function')
  await give?.()
  expect((await sql.query(holders)).rowCount).toBe(1)
  await next?.()
})

it('comes free after a second of a holder that does nothing', async () => {
  const { take } = await two()
  const give = await take[0]()
  const from = performance.now()
  const next = await take[1]()
  expect(next).toBeTypeOf('function')
  expect(performance.now() - from).toBeGreaterThan(500)
  await next?.()
  await give?.()
})

it('is not to be had when it does not come free in time', async () => {
  const { url, take } = await two()
  const stubborn = await connection(url)
  await stubborn.query("select pg_advisory_lock(hashtextextended('interlock.baton:q', 0))")
  expect(await take[0]()).toBeNull()
})
