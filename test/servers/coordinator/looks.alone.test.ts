/** What a process sends by itself, at each poll, beat and time that comes: one look of each kind at a time, however long that takes. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { faultyStore } from '../worker/support.ts'
import { join, memoryStore } from './support.ts'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  })
  return () => void vi.useRealTimers()
})

const HOUR_MS = 3_600_000
/** For so long nothing can be appended: 300 polls, and some 50 beats. */
const LOCKED_MS = 300_000
/** For so long at first, no beats go through. */
const SILENT_MS = 30_000
const wait = { wait: true } as const
const patient = { patienceMs: HOUR_MS, pollMs: 1_000, leaseMs: HOUR_MS }

type Faulty = ReturnType<typeof faultyStore>

/** How many commands the process sends after the first append that waits, as at a queue whose head somebody has locked. */
async function sentWhileLocked(here: Coordinator, { divert, heal }: Faulty): Promise<number> {
  const commands = () => here.vitals().counts.commands
  let before: number | undefined
  const lock = Promise.withResolvers<void>()
  const began = performance.now()
  for (const call of ['append'] as const)
    divert(call, (carryOut) => {
      before ??= commands()
      return lock.promise.then(carryOut)
    })
  divert('beat', (carryOut) => {
    const isSilent = performance.now() - began < SILENT_MS
    return isSilent ? Promise.reject(new InterlockError('store_unavailable', 'away')) : carryOut()
  })
  await vi.advanceTimersByTimeAsync(LOCKED_MS)
  heal()
  lock.resolve()
  await vi.advanceTimersByTimeAsync(500)
  return commands() - (before ?? Number.NaN)
}

describe('while nothing can be appended, a process has under way', () => {
  it('one tick, however many polls pass', async () => {
    const faulty = faultyStore()
    const here = await join({ store: faulty.store, ...patient })
    await here.onJobStart('A', 'normal', ['m'])
    const started = here.onJobStart('B', 'normal', ['m'], wait)
    void Promise.allSettled([started])
    const runAt = new Date(Date.now() + 1_000)
    await here.enqueue(Array.from({ length: 20 }, (_, n) => ({ jobId: `due${n}`, models: [`${n}`], runAt })))
    // After the one that waits, one that carries what came meanwhile, and that of the next poll.
    expect(await sentWhileLocked(here, faulty)).toBeLessThanOrEqual(2)
    await here.onJobComplete('A', 'normal')
    expect(await started).toMatchObject({ allowed: true })
  })

  it('one question for each job that is waited for, under each name that the process has had', async () => {
    const store = memoryStore()
    const there = await join({ store, ...patient })
    await there.onJobStart('A', 'normal', ['m'])
    const faulty = faultyStore(store)
    const here = await join({ store: faulty.store, ...patient, leaseMs: 20_000 })
    const jobIds = Array.from({ length: 10 }, (_, n) => `w${n}`)
    const starts = jobIds.map((jobId) => here.onJobStart(jobId, 'normal', ['m'], wait))
    // The others end with the process.
    void Promise.allSettled(starts)
    await vi.advanceTimersByTimeAsync(100)
    const { workerId } = here
    expect(await sentWhileLocked(here, faulty)).toBeLessThanOrEqual(jobIds.length + 2)
    expect(here.workerId).not.toBe(workerId)
    await there.onJobComplete('A', 'normal')
    expect(await starts[0]).toMatchObject({ allowed: true })
  })

  it('one end for the leases of dead processes, however many beats name them', async () => {
    const store = memoryStore()
    const dead = faultyStore(store)
    const there = await join({ store: dead.store, ...patient, leaseMs: 20_000 })
    await there.enqueue([{ jobId: 'A', models: ['m'], attempts: 2 }])
    await there.claim({ max: 1, kinds: null })
    const faulty = faultyStore(store)
    const here = await join({ store: faulty.store, ...patient })
    dead.goAway()
    expect(await sentWhileLocked(here, faulty)).toBeLessThanOrEqual(2)
    expect(here.state().activeCount).toBe(0)
  })
})
