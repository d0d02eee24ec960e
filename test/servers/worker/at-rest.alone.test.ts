/** What a worker asks the store for while there is nothing to do. */
import { Session } from 'node:inspector/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { silentLogger } from '../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../coordinator/support.ts'
import { work } from './support.ts'

/** What a worker does in ten seconds in which nothing happens, beside so many schedules. */
async function costOfRest(schedules: number) {
  vi.useFakeTimers({ now: new Date('2030-01-01T00:00:00Z') })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  onTestFinished(() => void vi.restoreAllMocks())
  let [calls, bytes] = [0, 0]
  const counted = Object.entries(memoryStore()).map(([name, call]: [string, unknown]) => {
    if (typeof call !== 'function') return [name, call]
    return [
      name,
      async (...given: readonly unknown[]) => {
        const answer: unknown = await call(...given)
        calls++
        bytes += sizeOf(given) + sizeOf(answer)
        return answer
      },
    ]
  })
  const store = Object.fromEntries(counted) as ReturnType<typeof memoryStore>
  const { coordinator, worker } = await work(
    { concurrency: 2, handlers: { normal: () => {} }, onError: () => {} },
    { store, pollMs: 1_000, logger: silentLogger },
  )
  const many = Array.from({ length: schedules }, (_, i) => ({
    id: `s${10_000 + i}`,
    every: '365d' as const,
    job: { models: ['m'] },
  }))
  await coordinator.schedules('billing', many)
  await vi.advanceTimersByTimeAsync(60_000)
  ;[calls, bytes] = [0, 0]
  const entered = await enteredIn(() => vi.advanceTimersByTimeAsync(10_000))
  const timers = vi.getTimerCount()
  await worker.drain({ timeoutMs: 0, stopMs: 0 })
  await coordinator.close()
  vi.useRealTimers()
  return { calls, bytes, timers, entered }
}

/** Numbers grow with the log. */
const sizeOf = (value: unknown): number =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' || typeof part === 'bigint' ? 0 : part,
  )?.length ?? 0

/** How often functions of the sources are entered meanwhile. */
async function enteredIn(work: () => Promise<unknown>): Promise<number> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await work()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  const functions = result.filter(({ url }) => url.includes('/src/')).flatMap((script) => script.functions)
  return functions.reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0)
}

/** A worker whose polls come with the clock of the test. */
async function resting() {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const store = memoryStore()
  const read = vi.fn(store.read)
  const append = vi.fn(store.append)
  const { coordinator, worker } = await work(
    { concurrency: 2, handlers: { normal: () => {} }, onError: () => {} },
    { store: { ...store, read, append }, pollMs: 1_000, logger: silentLogger },
  )
  onTestFinished(async () => {
    await worker.drain({ timeoutMs: 0, stopMs: 0 })
    await coordinator.close()
  })
  await vi.advanceTimersByTimeAsync(100)
  read.mockClear()
  return { coordinator, read, append, store }
}

it('reads the log once per poll while no job waits', async () => {
  const { read } = await resting()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(read).toHaveBeenCalledTimes(10)
})

it('10,000 schedules of which none is due cost nothing measurable: as many calls, bytes, timers and entered functions as one', async () => {
  const [none, one, many] = [await costOfRest(0), await costOfRest(1), await costOfRest(10_000)]
  expect(many).toEqual(one)
  // A poll reads the newest event again: here there is none. And what is due first has a timer.
  expect(one).toMatchObject({ calls: none.calls, timers: none.timers + 1 })
})

it('claims once per poll while a job waits: one that the store refused to start is started then', async () => {
  const { coordinator, append, store } = await resting()
  append.mockImplementation(async (request) => {
    if (!request.events.some(({ type }) => type === 'started')) return store.append(request)
    append.mockImplementation(store.append)
    throw new Error('refused')
  })
  await coordinator.enqueue([{ jobId: 'one', models: ['m'] }])
  await vi.advanceTimersByTimeAsync(500)
  expect(coordinator.state().waitingCount).toBe(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(coordinator.state().waitingCount).toBe(0)
})
