/** What createCoordinator does while the database does not answer: as patient as every other call. */
import { expect, it, onTestFinished } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { startPostgres } from '../../support/postgres.ts'
import { migrateDatabase } from '../contract/support.ts'
import { join, keepingLogger, memoryStore } from './support.ts'

const again = 'check the address; Interlock tries again by itself'

/** A store of which the first so many tries to open it fail. */
function late(failures: number, details = {}) {
  const store = memoryStore()
  let tries = 0
  const open: typeof store.open = async (queue, options) => {
    if (tries++ < failures) throw new InterlockError('store_unavailable', `there: away; ${again}`, details)
    return store.open(queue, options)
  }
  return { store: { ...store, open }, tries: () => tries }
}

it('createCoordinator joins a queue that can be reached after a while, and says that it waits, once', async () => {
  const logger = keepingLogger()
  const here = await join({ store: late(4).store, logger })
  expect(here.health()).toMatchObject({ ok: true })
  const said = logger.lines.filter((line) => line.includes('does not answer yet'))
  expect(said).toHaveLength(1)
})

it('goes on where a call has failed, and does not begin again', async () => {
  const store = memoryStore()
  const counts = { open: 0, snapshot: 0, read: 0, beat: 0, listen: 0 }
  const calls = Object.keys(counts) as (keyof typeof counts)[]
  const failing = calls.map((call) => {
    const plain = store[call] as (...given: unknown[]) => Promise<unknown>
    const once = async (...given: unknown[]) => {
      if (counts[call]++ % 2 === 0) throw new InterlockError('store_unavailable', `there: away; ${again}`)
      return plain(...given)
    }
    return [call, once]
  })
  const here = await join({ store: { ...store, ...Object.fromEntries(failing) } })
  expect(here.health()).toMatchObject({ ok: true })
  expect(counts).toMatchObject({ open: 2, beat: 2, listen: 2 })
})

it('is refused when the time is up, without the promise of another try', async () => {
  const { store, tries } = late(Number.POSITIVE_INFINITY)
  const error = await join({ store, joinMs: 60 }).catch((reason: unknown) => reason as InterlockError)
  expect(error).toMatchObject({
    code: 'store_unavailable',
    message: 'there: away (tried for 0 s); check the address',
  })
  expect(tries()).toBeGreaterThan(1)
})

it.each([{ sqlstate: '28P01' }, { sqlstate: '3D000' }, { status: 401 }])(
  'is refused at once where a person has to do something: %j',
  async (details) => {
    const { store, tries } = late(Number.POSITIVE_INFINITY, details)
    await expect(join({ store })).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(tries()).toBe(1)
  },
)

/** False while it has not joined. */
const enqueued = (coordinator: Coordinator, jobId: string): Promise<boolean> =>
  coordinator.enqueue([{ jobId, models: ['m'] }]).then(
    () => true,
    () => false,
  )

it("is made all the same under onUnavailable: 'bypass', and joins later", async () => {
  const { store } = late(1)
  const here = await join({ store, onUnavailable: 'bypass', joinMs: 0, pollMs: 20 })
  await expect(here.enqueue([{ jobId: 'a', models: ['m'] }])).rejects.toMatchObject({
    code: 'store_unavailable',
  })
  await expect.poll(() => enqueued(here, 'a')).toBe(true)
})

it.each(['beat', 'listen'] as const)(
  'hears of starts also if the first try to join has come as far as its first %s',
  async (call) => {
    const store = memoryStore()
    const plain = store[call] as (...given: unknown[]) => Promise<unknown>
    let tries = 0
    const late = async (...given: unknown[]) => {
      if (tries++ === 0) throw new InterlockError('store_unavailable', `there: away; ${again}`)
      return plain(...given)
    }
    const here = await join({
      store: { ...store, [call]: late },
      onUnavailable: 'bypass',
      joinMs: 0,
      pollMs: 20,
    })
    await expect.poll(() => enqueued(here, 'first')).toBe(true)
    const there = await join({ store })
    const [first] = await there.claim({ max: 1 })
    const answer = here.onJobStart('second', 'normal', ['m'], { wait: true })
    await expect.poll(() => there.state().waitingCount).toBe(1)
    if (first !== undefined) await there.complete(first.lease)
    expect(await answer).toMatchObject({ allowed: true, lease: { jobId: 'second' } })
    expect(here.metrics()).toMatchObject({ ended: { completed: 1 } })
  },
)

it('joins over PostgreSQL that starts late', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  await migrateDatabase(server.url)
  await server.stop()
  const logger = keepingLogger()
  const store = postgresStore(server.url)
  const joining = join({ store, logger })
  onTestFinished(() => store.close())
  await expect.poll(() => logger.lines).toContainEqual(expect.stringContaining('does not answer yet'))
  await server.restart()
  expect((await joining).health()).toMatchObject({ ok: true })
})
