/** Few keys and several worker processes: a process that runs more than its share leaves keys to one with free slots. */
import { describe, expect, it } from 'vitest'
import { type MemoryDatabase, memoryDatabase, memoryStore } from '../../src/adapter/memory/index.ts'
import type { Coordinator } from '../../src/coordinator/index.ts'
import { createJobWorker, type JobWorker } from '../../src/worker/index.ts'
import { closedAfterTest } from '../support/this-test.ts'
import { join } from './support.ts'

const KEYS = 6
const drainAfter = closedAfterTest<JobWorker>((worker) => worker.drain({ timeoutMs: 0 }))

/** Counts the jobs that a worker of its own process has begun. */
async function member(
  database: MemoryDatabase,
  { concurrency = KEYS, kinds = '*', ms = 2 }: { concurrency?: number; kinds?: string; ms?: number } = {},
) {
  const coordinator = await join({ store: memoryStore(database) })
  const begun: string[] = []
  let most = 0
  let running = 0
  const handler = async ({ jobId }: { readonly jobId: string }) => {
    begun.push(jobId)
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, ms))
    running--
  }
  const worker = createJobWorker({ coordinator, concurrency, handlers: { [kinds]: handler } })
  drainAfter(worker)
  return { coordinator, worker, begun, most: () => most }
}

/** Some jobs for each of the keys. */
const jobs = (each: number) =>
  Array.from({ length: KEYS * each }, (_, n) => ({ jobId: `job-${n}`, models: [`key-${n % KEYS}`] }))

async function ended(coordinator: Coordinator): Promise<void> {
  const left = async () => {
    await coordinator.catchUp()
    const { activeCount, waitingCount } = coordinator.state()
    return activeCount + waitingCount
  }
  await expect.poll(left).toBe(0)
}

describe('few keys and several worker processes', () => {
  it('are worked on by all of them', async () => {
    const database = memoryDatabase()
    const [first, second] = [await member(database, { ms: 5 }), await member(database, { ms: 5 })]
    await first.coordinator.setPolicy('by-model')
    await first.coordinator.enqueue(jobs(300))
    first.worker.start()
    await expect.poll(() => first.begun.length).toBeGreaterThan(KEYS)
    second.worker.start()
    await expect.poll(() => second.begun.length).toBeGreaterThan(0)
    const alone = first.begun.length
    await ended(first.coordinator)
    expect(first.begun.length + second.begun.length).toBe(KEYS * 300)
    // Half of the keys each.
    expect(second.begun.length / (first.begun.length - alone)).toBeGreaterThan(0.7)
    expect(second.most()).toBeLessThanOrEqual(KEYS / 2 + 1)
  })

  it('go to a process with one slot only as far as that goes', async () => {
    const database = memoryDatabase()
    const [first, second] = [await member(database), await member(database, { concurrency: 1 })]
    await first.coordinator.setPolicy('by-model')
    await first.coordinator.enqueue(jobs(200))
    second.worker.start()
    first.worker.start()
    await ended(first.coordinator)
    expect(second.begun.length).toBeGreaterThan(KEYS * 10)
    expect(first.begun.length).toBeGreaterThan(KEYS * 100)
  })

  it('stay where they are if the other process handles another kind', async () => {
    const database = memoryDatabase()
    const [first, second] = [await member(database), await member(database, { kinds: 'upscale' })]
    await first.coordinator.setPolicy('by-model')
    await first.coordinator.enqueue(jobs(60))
    second.worker.start()
    first.worker.start()
    await ended(first.coordinator)
    expect(second.begun).toEqual([])
  })

  it('go on where a process says that it has free slots, and takes nothing', async () => {
    const database = memoryDatabase()
    const first = await member(database)
    const idle = await join({ store: memoryStore(database) })
    idle.offering(null, 10)
    await first.coordinator.setPolicy('by-model')
    await first.coordinator.enqueue(jobs(200))
    first.worker.start()
    await ended(first.coordinator)
    expect(first.begun.length).toBe(KEYS * 200)
  })
})
