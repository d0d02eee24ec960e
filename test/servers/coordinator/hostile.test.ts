import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { Json } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryRequest } from '../../../src/engine/store/memory/inbox.ts'
import { type MemoryDatabase, memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { carryOut, hostileCall, hostileRequest } from '../../support/hostile.ts'
import { expectReadable } from '../../support/readable.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { connection, migratedDatabase } from '../contract/support.ts'

/** In one queue, one after the other. */
const COMMANDS = 25

const join = (store: LogStore) =>
  createCoordinator({ store, queue: 'q', logger: silentLogger, pollMs: 3_600_000, patienceMs: 1_000 })

/** Puts a command into the inbox, and waits for the answer. */
async function ask(database: MemoryDatabase, command: Json): Promise<Json> {
  const requestId = memoryRequest(database, command, 'q')
  for (;;) {
    const answer = database.queues.get('q')?.inbox.get(requestId)?.answer
    if (answer != null) return answer
    await new Promise(setImmediate)
  }
}

describe('whatever a queue is given, its log can be read', () => {
  it(
    'by a public call',
    async () => {
      let taken = 0
      const property = fc.asyncProperty(
        fc.array(hostileCall, { minLength: COMMANDS, maxLength: COMMANDS, size: 'max' }),
        async (calls) => {
          const database = memoryDatabase()
          const store = memoryStore(database)
          const coordinator = await join(store)
          for (const call of calls) {
            if (await carryOut(coordinator, call)) taken++
            await expectReadable(store, 'q')
          }
          const another = await join(memoryStore(database))
          await expect.poll(() => another.state().version - coordinator.state().version).toBe(0)
          await Promise.all([coordinator.close(), another.close()])
        },
      )
      await fc.assert(property, { numRuns: runs(20) })
      expect(taken).toBeGreaterThan(runs(20) * 5)
    },
    PATIENCE,
  )

  it(
    'by the door for SQL',
    async () => {
      const property = fc.asyncProperty(
        fc.array(hostileRequest, { minLength: COMMANDS, maxLength: COMMANDS, size: 'max' }),
        async (requests) => {
          const database = memoryDatabase()
          const store = memoryStore(database)
          const worker = { workerId: 'sql-worker', kinds: null, freeSlots: 5, release: 'sql' }
          const coordinator = await join(store)
          await store.beat({ queue: 'q', ...worker, ttlMs: 60_000, graceMs: 0 })
          for (const command of requests) {
            expect(await ask(database, command as Json)).toHaveProperty('ok')
            await expectReadable(store, 'q')
          }
          const another = await join(memoryStore(database))
          await expect.poll(() => another.state().version - coordinator.state().version).toBe(0)
          await Promise.all([coordinator.close(), another.close()])
        },
      )
      await fc.assert(property, { numRuns: runs(20) })
    },
    PATIENCE,
  )

  it(
    'in PostgreSQL, both ways',
    async () => {
      const url = await migratedDatabase()
      const store = postgresStore(url)
      const sql = await connection(url)
      const coordinator = await join(store)
      onTestFinished(() => coordinator.close())
      const command = fc.oneof(
        hostileCall.map((call) => ({ call })),
        hostileRequest.map((request) => ({ request })),
      )
      const property = fc.asyncProperty(
        fc.array(command, { minLength: 10, maxLength: 10 }),
        async (commands) => {
          for (const given of commands) {
            if ('call' in given) await carryOut(coordinator, given.call)
            else await askBySql(given.request)
          }
          await expectReadable(store, 'q')
          // It records by itself what is due, also while this is read.
          const ahead = async () => (await store.read('q', 0, 1)).version - coordinator.state().version
          await expect.poll(ahead).toBe(0)
        },
      )
      /** What the function itself refuses is as good as an answer. */
      const askBySql = async (request: Readonly<Record<string, unknown>>) => {
        const text = JSON.stringify(request)
        const beat = `select job_queue_beat('q', 'sql-worker', null, 5, 'sql', 60000, 5000)`
        const asked = sql.query('select job_queue_request($1::jsonb, $2) as id', [text, 'q'])
        await Promise.all([sql.query(beat), asked]).catch(() => {})
        const answered = `select from interlock.job_queue_inbox where queue = 'q' and answer is null`
        await expect.poll(async () => (await sql.query(answered)).rowCount, { interval: 2 }).toBe(0)
      }
      await fc.assert(property, { numRuns: runs(6) })
      const another = await join(postgresStore(url))
      await another.close()
    },
    PATIENCE,
  )
})
