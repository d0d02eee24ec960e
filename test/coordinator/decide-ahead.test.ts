/** While an append is under way, the next is decided on what it leads to; whatever comes of it, each command is carried out once. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../../src/adapter/memory/index.ts'
import { Deciding } from '../../src/coordinator/commit/deciding.ts'
import type { Coordinator } from '../../src/coordinator/index.ts'
import { InterlockError } from '../../src/core/index.ts'
import type { AppendAnswer, AppendRequest, LogStore } from '../../src/port/index.ts'
import { eventsOf, join } from './support.ts'

const MANY = 64
const ids = Array.from({ length: MANY }, (_, n) => `job-${n}`)

afterEach(() => {
  vi.restoreAllMocks()
})

/** What is done to the first append of many events: it is sent, and then this happens before its answer comes. */
function storeWith(fault: (send: () => Promise<AppendAnswer>, store: LogStore) => Promise<AppendAnswer>) {
  const store = memoryStore()
  const append = store.append.bind(store)
  const sizes: number[] = []
  let isFirst = true
  const faulty = Object.assign(store, {
    append: async (request: AppendRequest) => {
      sizes.push(request.events.filter(({ type }) => type === 'queued').length)
      if (!isFirst || request.events.length < 16) return append(request)
      isFirst = false
      return fault(() => append(request), store)
    },
  })
  return { store: faulty, sizes }
}

const nextTurns = async () => {
  for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate)
}

async function enqueueAll(coordinator: Coordinator): Promise<void> {
  await Promise.all(ids.map((jobId) => coordinator.enqueue([{ jobId, models: [`model of ${jobId}`] }])))
}

async function expectEachOnce(store: LogStore): Promise<void> {
  const queued = (await eventsOf(store)).filter((event) => event.startsWith('queued job-'))
  expect(queued.toSorted()).toEqual(ids.map((jobId) => `queued ${jobId}`).toSorted())
}

describe('what is sent while an append is under way', () => {
  it('is decided before its answer comes, and follows at once', async () => {
    const ahead = vi.spyOn(Deciding.prototype, 'ahead')
    const decide = vi.spyOn(Deciding.prototype, 'decide')
    let decided = { ahead: 0, decide: 0 }
    const { store, sizes } = storeWith(async (send) => {
      await nextTurns()
      decided = { ahead: ahead.mock.calls.length, decide: decide.mock.calls.length }
      return send()
    })
    const coordinator = await join({ store })
    await enqueueAll(coordinator)
    expect(decided.ahead).toBe(1)
    expect(decide.mock.calls.length).toBe(decided.decide)
    expect(sizes.slice(-2)).toEqual([MANY / 2, MANY / 2])
    await expectEachOnce(store)
  })

  it('is decided in its turn when deciding ahead fails', async () => {
    vi.spyOn(Deciding.prototype, 'ahead').mockImplementation(() => {
      throw new Error('nobody would catch it')
    })
    const { store } = storeWith(async (send) => {
      await nextTurns()
      return send()
    })
    await enqueueAll(await join({ store }))
    await expectEachOnce(store)
  })

  it('is decided again when the append was lost to another process', async () => {
    const { store } = storeWith(async (send, log) => {
      await nextTurns()
      const other = await join({
        store: { ...log, append: log.append },
      })
      await other.enqueue([{ jobId: 'other', models: ['model of job-40'] }])
      return send()
    })
    const coordinator = await join({ store })
    await enqueueAll(coordinator)
    await expectEachOnce(store)
    expect(coordinator.health().counts.lost).toBeGreaterThan(0)
    expect(await coordinator.explain('job-40')).toMatchObject({ blockedBy: 'other' })
  })

  it('is carried out once when the answer to the append was lost', async () => {
    const { store } = storeWith(async (send) => {
      await nextTurns()
      await send()
      throw new InterlockError('store_unavailable', 'the connection broke')
    })
    await enqueueAll(await join({ store }))
    await expectEachOnce(store)
  })

  it('goes on when the append was refused for good', async () => {
    const { store } = storeWith(async () => {
      await nextTurns()
      throw new InterlockError('invalid_input', 'a store that takes nothing of this')
    })
    const coordinator = await join({ store })
    const answers = await Promise.allSettled(
      ids.map((jobId) => coordinator.enqueue([{ jobId, models: [`model of ${jobId}`] }])),
    )
    expect(answers.every(({ status }) => status === 'fulfilled')).toBe(true)
    await expectEachOnce(store)
  })
})
