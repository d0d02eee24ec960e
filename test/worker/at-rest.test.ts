/** What a worker asks the store for while there is nothing to do. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { silentLogger } from '../../src/engine/coordinator/index.ts'
import { memoryStore } from '../coordinator/support.ts'
import { work } from './support.ts'

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
