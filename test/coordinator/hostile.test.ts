import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryDatabase, memoryStore } from '../../src/adapter/memory/index.ts'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { createCoordinator, silentLogger } from '../../src/coordinator/index.ts'
import type { Json } from '../../src/core/index.ts'
import type { InboxRequest, LogStore, OnWake } from '../../src/port/index.ts'
import { connection, migratedDatabase } from '../contract/support.ts'
import { carryOut, hostileCall, hostileRequest } from '../support/hostile.ts'
import { expectReadable } from '../support/readable.ts'
import { PATIENCE, runs } from '../support/runs.ts'

/** In one queue, one after the other. */
const COMMANDS = 25

const join = (store: LogStore) =>
  createCoordinator({ store, queue: 'q', logger: silentLogger, pollMs: 3_600_000, patienceMs: 1_000 })

/** A store in memory with the door that SQL has. */
function withDoor(store: LogStore) {
  const open: InboxRequest[] = []
  const answered = new Map<string, (answer: Json) => void>()
  let wake: OnWake = () => {}
  const request = (command: Json) =>
    new Promise<Json>((resolve) => {
      const requestId = `r${answered.size}`
      answered.set(requestId, resolve)
      open.push({ requestId, command })
      wake(undefined, 'requests')
    })
  const door: LogStore = {
    ...store,
    inbox: async (_queue, limit) => open.splice(0, limit),
    answer: async (_queue, answers) => {
      for (const { requestId, answer } of answers) answered.get(requestId)?.(answer)
    },
    listen: (queue, onWake) => {
      wake = onWake
      return store.listen(queue, onWake)
    },
  }
  return { door, request }
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
          expect(another.state().version).toBe(coordinator.state().version)
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
          const { door, request } = withDoor(memoryStore(database))
          const worker = { workerId: 'sql-worker', kinds: null, freeSlots: 5, release: 'sql' }
          const coordinator = await join(door)
          await door.beat({ queue: 'q', ...worker, ttlMs: 60_000, graceMs: 0 })
          for (const command of requests) {
            expect(await request(command as Json)).toHaveProperty('ok')
            await expectReadable(door, 'q')
          }
          const another = await join(memoryStore(database))
          expect(another.state().version).toBe(coordinator.state().version)
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
            else await ask(given.request)
          }
          await expectReadable(store, 'q')
          expect(coordinator.state().version).toBe((await store.read('q', 0, 1)).version)
        },
      )
      /** What the function itself refuses is as good as an answer. */
      const ask = async (request: Readonly<Record<string, unknown>>) => {
        const text = JSON.stringify(request)
        const beat = `select job_queue_beat('q', 'sql-worker', null, 5, 'sql', 60000, 5000)`
        const asked = sql.query('select job_queue_request($1::jsonb, $2) as id', [text, 'q'])
        await Promise.all([sql.query(beat), asked]).catch(() => {})
        const answered = `select from job_queue_inbox where queue = 'q' and answer is null`
        await expect.poll(async () => (await sql.query(answered)).rowCount, { interval: 2 }).toBe(0)
      }
      await fc.assert(property, { numRuns: runs(6) })
      const another = await join(postgresStore(url))
      await another.close()
    },
    PATIENCE,
  )
})
