/** A pooler that lets nobody say `statement_timeout` while connecting, as PgBouncer does: the limit holds all the same. */
import { createServer, connect as dial, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from './support.ts'

/** What PgBouncer answers: ErrorResponse, severity FATAL, SQLSTATE 08P01. */
function refusal(parameter: string): Buffer {
  const fields = `SFATAL\0C08P01\0Munsupported startup parameter: ${parameter}\0\0`
  const answer = Buffer.alloc(5)
  answer.write('E')
  answer.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([answer, Buffer.from(fields)])
}

/** The server behind such a pooler. @returns its address, and how many it has refused */
async function behindPooler(url: string) {
  const { port, hostname } = new URL(url)
  const refused: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => {})
    client.once('data', (startup) => {
      if (startup.includes('statement_timeout')) {
        refused.push('statement_timeout')
        client.end(refusal('statement_timeout'))
        return
      }
      const upstream = dial(Number(port), hostname)
      sockets.add(upstream)
      upstream.on('error', () => client.destroy())
      upstream.write(startup)
      client.pipe(upstream).pipe(client)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  const through = new URL(url)
  through.host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return { url: through.href, refused }
}

const limited = (connectionString: string) => {
  const store = postgresStore({ connectionString, max: 2, statement_timeout: 300 })
  onTestFinished(() => store.close())
  return store
}

/** Who holds the rows of the heads keeps a reader of them waiting. */
async function locking(url: string) {
  const client = await connection(url)
  await client.query(
    'begin; lock table interlock.job_queue_heads, interlock.job_queue_workers in access exclusive mode',
  )
  return () => client.query('rollback')
}

it('reads, lists and ends what takes too long, over a pooler as without one', async () => {
  const direct = await migratedDatabase()
  const pooled = await behindPooler(direct)
  for (const url of [direct, pooled.url]) {
    const store = limited(url)
    await store.open('q')
    expect(await store.read('q', 0, 1)).toMatchObject({ version: 0 })
    const free = await locking(direct)
    await expect(store.workers('q')).rejects.toMatchObject({ details: { sqlstate: '57014' } })
    await expect(store.read('q', 0, 1)).rejects.toMatchObject({ details: { sqlstate: '57014' } })
    await free()
    expect(await store.workers('q')).toEqual([])
    expect(await store.read('q', 0, 1)).toMatchObject({ version: 0 })
    const stop = await store.listen('q', () => {})
    await stop()
  }
  expect(pooled.refused).toEqual(['statement_timeout'])
})
