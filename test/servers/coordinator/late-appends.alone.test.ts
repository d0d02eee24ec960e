/** An append that comes late by the database's clock: what it may do, what it is timed for, and what its callers are told. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import type { AppendAnswer, AppendRequest, LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { join, memoryStore } from './support.ts'

beforeEach(() => {
  const toFake = [
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'performance',
    'Date',
  ] as const
  vi.useFakeTimers({ toFake: [...toFake], now: 1_700_000_000_000 })
  return () => void vi.useRealTimers()
})

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const micros = () => Date.now() * 1_000
const one = { max: 1, kinds: null }

/** An append as it came to the database: when, and what it was told. */
interface Came {
  readonly at: number
  readonly request: AppendRequest
  readonly answer: AppendAnswer
}

/** A process whose appends take as long on their way there as the test says, by number and request. */
async function far(
  delayMs: (number: number, request: AppendRequest) => number = () => 0,
  options: { readonly patienceMs?: number } = {},
) {
  const store = memoryStore(memoryDatabase(micros))
  const came: Came[] = []
  const link = { isSlow: false }
  let count = 0
  const append: LogStore['append'] = async (request) => {
    if (link.isSlow) await later(delayMs(count++, request))
    const answer = await store.append(request)
    came.push({ at: micros(), request, answer })
    return answer
  }
  const slow: LogStore = { ...store, append }
  const coordinator = await join({ store: slow, pollMs: 3_600_000, leaseMs: 600_000, ...options })
  await coordinator.setPolicy({ maxActive: null })
  const slowDown = () => {
    link.isSlow = true
  }
  return { coordinator, store, came, slowDown }
}

/** Lets time pass until it is settled. */
async function passing<Out>(work: Promise<Out>): Promise<Out> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  work.then(end, end)
  while (!isOver) await vi.advanceTimersByTimeAsync(100)
  return work
}

const jobs = (name: string, count: number, models = ['m']) =>
  Array.from({ length: count }, (_, n) => ({ jobId: `${name}${n}`, models }))
const isWritten = ({ answer }: Came) => answer.ok
const eventsOf = (came: readonly Came[]): readonly RecordedEvent[] =>
  came.filter(isWritten).flatMap(({ request }) => request.events)

/** A job runs, so that whatever else needs its model waits and is not offered. */
async function busyModel(coordinator: Coordinator): Promise<void> {
  await coordinator.enqueue(jobs('holder', 1))
  await coordinator.claim(one)
}

describe('an append of many jobs that wait', () => {
  it('may come 4 s late: its caller hears nothing of it, and those after it are timed for when they arrive', async () => {
    const { coordinator, came, slowDown } = await far((_, { events }) => 4 * events.length)
    await busyModel(coordinator)
    slowDown()
    const late: number[] = []
    for (const name of ['a', 'b', 'c']) {
      // Two events for each: that it came, and that it waits.
      const answer = await passing(coordinator.enqueue(jobs(name, 500)))
      expect(answer.waiting).toHaveLength(500)
      const last = came.at(-1)
      late.push(((last?.at ?? 0) - (last?.request.events[0]?.at ?? 0)) / 1_000_000)
    }
    expect(coordinator.health().counts.lost).toBe(0)
    expect(late[0]).toBeCloseTo(4, 1)
    expect(late[1]).toBeCloseTo(4, 1)
    expect(late[2]).toBeCloseTo(0, 1)
  })

  it('learns nothing from one that had to wait: what is small goes in at once before and after it', async () => {
    const { coordinator, slowDown } = await far((number) => (number === 1 ? 3_000 : 0))
    await busyModel(coordinator)
    slowDown()
    for (const name of ['a', 'b', 'c', 'd']) await passing(coordinator.enqueue(jobs(name, 1)))
    expect(coordinator.health().counts.lost).toBe(0)
  })
})

describe('an append that starts or offers', () => {
  it('is decided again without that if it came too late twice; the next claim finds what could start', async () => {
    const ways = [4_000, 0, 4_000]
    const { coordinator, came, slowDown } = await far((number) => ways[number] ?? 0)
    await coordinator.enqueue(jobs('first', 1))
    const [first] = await coordinator.claim(one)
    if (first === undefined) throw new Error('nothing was started')
    await coordinator.enqueue(jobs('next', 1))
    slowDown()
    const before = came.length
    const handed = await passing(coordinator.complete(first.lease, { claim: one }))
    expect(handed).toEqual([])
    expect(came.slice(before).map(({ answer }) => (answer.ok ? 'written' : answer.reason))).toEqual([
      'clock',
      'clock',
      'written',
    ])
    expect(eventsOf(came.slice(before)).map(({ type }) => type)).toEqual(['completed'])
    const found = await passing(coordinator.claim(one))
    expect(found.map(({ lease }) => lease.jobId)).toEqual(['next0'])
  })

  it('and does nothing else is tried until it comes in time: a claim is not told that there is nothing', async () => {
    const ways = [4_000, 0, 4_000, 0]
    const { coordinator, slowDown } = await far((number) => ways[number] ?? 0)
    await coordinator.enqueue(jobs('first', 1))
    slowDown()
    expect(await passing(coordinator.claim(one))).toHaveLength(1)
  })

  it('that follows one without starts looks at all that could start, in line order', async () => {
    const ways = [4_000, 0, 4_000]
    const { coordinator, slowDown } = await far((number) => ways[number] ?? 0)
    await coordinator.setPolicy({ maxActive: 1, maxOvertakes: 5, capacity: { m: 5 } })
    await coordinator.enqueue(jobs('first', 1))
    const [first] = await coordinator.claim(one)
    if (first === undefined) throw new Error('nothing was started')
    await coordinator.enqueue(jobs('older', 1))
    slowDown()
    await passing(coordinator.complete(first.lease))
    const answer = await passing(coordinator.onJobStart('newer', 'normal', ['m']))
    expect(answer).toMatchObject({ allowed: false })
  })
})

describe('what is counted from the times of events', () => {
  it('stays right for the database while the first append and each third one that starts come 4 s late', async () => {
    let starting = 0
    const starts = ({ events }: AppendRequest) => events.some(({ type }) => type === 'started')
    const { coordinator, store, came, slowDown } = await far((number, request) =>
      number === 0 || (starts(request) && starting++ % 3 === 0) ? 4_000 : 1,
    )
    await coordinator.setPolicy({
      maxActive: null,
      capacity: { rated: 9, short: 9 },
      rate: { rated: { starts: 1, perSeconds: 3 } },
    })
    await coordinator.enqueue([{ jobId: 'running', models: ['short'], timeoutMs: 1_000, attempts: 1 }])
    const [running] = await coordinator.claim(one)
    await coordinator.enqueue([{ jobId: 'offered', kind: 'other', models: ['x'] }])
    await coordinator.enqueue([{ jobId: 'offered too', kind: 'other', models: ['y'] }])
    const cameAt = micros()
    slowDown()
    const order = jobs('rated', 4, ['rated'])
    for (const job of order) await passing(coordinator.enqueue([job]))
    const started: string[] = []
    while (started.length < order.length) {
      const some = await passing(coordinator.claim({ max: 1, kinds: ['normal'] }))
      started.push(...some.map(({ lease }) => lease.jobId))
      await vi.advanceTimersByTimeAsync(250)
    }
    expect(started).toEqual(order.map(({ jobId }) => jobId))
    const startedAt = came
      .filter(isWritten)
      .flatMap(({ at, request }) =>
        request.events.flatMap((event) =>
          event.type === 'started' && event.models.includes('rated') ? [at] : [],
        ),
      )
    for (const [n, at] of startedAt.entries())
      if (n > 0) expect(at - (startedAt[n - 1] ?? 0)).toBeGreaterThanOrEqual(3_000_000)
    const ended = came.find(({ request, answer }) => answer.ok && request.events.some(isEndOf(running)))
    expect((ended?.at ?? Number.POSITIVE_INFINITY) - cameAt).toBeGreaterThanOrEqual(1_000_000)
    const { violations } = await auditLog({ store, queue: 'default' })
    expect(violations).toEqual([])
  })
})

const isEndOf =
  (started: { readonly lease: { readonly jobId: string } } | undefined) => (event: RecordedEvent) =>
    event.type === 'failed' && event.jobId === started?.lease.jobId

describe('a process whose appends never come in time', () => {
  it('says so by its own code (clock_unsteady), when the patience of the call is over and not before', async () => {
    const { coordinator, slowDown } = await far((number) => (number % 2 === 0 ? 9_000 : 0), {
      patienceMs: 60_000,
    })
    slowDown()
    const began = performance.now()
    await expect(passing(coordinator.enqueue(jobs('a', 1)))).rejects.toMatchObject({ code: 'clock_unsteady' })
    expect(performance.now() - began).toBeGreaterThanOrEqual(60_000)
    // The try that is under way comes to its end.
    await vi.advanceTimersByTimeAsync(20_000)
  })
})

describe('the first append of a process', () => {
  it('is timed by what its calls took to join', async () => {
    const store = memoryStore(memoryDatabase(micros))
    const slowed: LogStore = {
      ...store,
      read: async (...asked) => {
        await later(1_200)
        const page = await store.read(...asked)
        await later(1_200)
        return page
      },
      append: async (request) => {
        await later(1_200)
        const answer = await store.append(request)
        await later(1_200)
        return answer
      },
    }
    const coordinator = await passing(join({ store: slowed, pollMs: 3_600_000, leaseMs: 600_000 }))
    await passing(coordinator.enqueue(jobs('a', 1)))
    expect(coordinator.health().counts).toMatchObject({ appends: 1, lost: 0 })
  })
})
