/** What the one who asked for a job is told of it: where it stands, how far it is, and how it ended. */
import { firstValueFrom, type Observable, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../src/engine/coordinator/index.ts'
import { memoryDatabase, memoryStore } from '../../src/engine/store/memory/index.ts'
import { HandClock } from '../../src/tools/testing/hand-clock.ts'
import { join } from './support.ts'

const job = (jobId: string) => ({ jobId, models: ['m'] })

/** Two processes over one database with a clock that is set by hand. */
async function two() {
  const clock = new HandClock(Date.now() * 1_000)
  const database = memoryDatabase(clock)
  const [asks, works] = (await Promise.all(
    [0, 1].map(() => join({ store: memoryStore(database), leaseMs: 3_600_000 })),
  )) as [Coordinator, Coordinator]
  const start = async () => (await works.claim({ max: 1 }))[0]?.lease ?? expect.unreachable()
  return { clock, asks, works, start }
}

const all = <T>(stream: Observable<T>): Promise<T[]> => firstValueFrom(stream.pipe(toArray()))

describe('place', () => {
  it('says how many are ahead and why it waits, and names no other job', async () => {
    const { asks, start } = await two()
    await asks.setPolicy('by-model')
    await asks.enqueue(['other-1', 'other-2', 'mine'].map(job))
    await start()
    const place = await asks.place('mine')
    expect(place).toEqual({
      ...{ jobId: 'mine', queue: 'default', state: 'waiting', position: 1, code: 'model_in_use' },
      models: [{ model: 'm', ahead: 1, running: 1, capacity: 1 }],
      ...{ reason: 'a model it needs is in use', startsInSeconds: null },
      ...{ startsFromSeconds: null, startsToSeconds: null },
    })
    expect(JSON.stringify(place)).not.toContain('other')
    expect(await asks.place('nobody')).toBeUndefined()
  })

  it('says about when it starts, once such jobs have completed', async () => {
    const { clock, asks, works, start } = await two()
    await asks.setPolicy('by-model')
    await asks.enqueue(['a', 'b', 'mine'].map(job))
    const lease = await start()
    clock.set(clock.now() + 60_000_000)
    await works.complete(lease, { claim: { max: 1, kinds: null } })
    expect((await asks.place('mine'))?.startsInSeconds).toBeGreaterThanOrEqual(59)
  })
})

describe('ended$', () => {
  it('tells of the end of a job that another process runs, with its result', async () => {
    const { asks, works, start } = await two()
    await asks.enqueue([job('a')])
    const end = firstValueFrom(asks.ended$('a'))
    await works.complete(await start(), { result: { pages: 3 } })
    expect(await end).toEqual({
      ...{ jobId: 'a', outcome: 'completed', at: expect.any(Date) },
      ...{ result: { pages: 3 }, error: null },
    })
  })

  it('tells of an end in the past, of a failure with its error, and of who stands for a job', async () => {
    const { asks, works, start } = await two()
    const dedupe = { key: 'k', while: 'live' } as const
    await asks.enqueue([
      { ...job('a'), dedupe },
      { ...job('double'), dedupe },
    ])
    await works.fail(await start(), { error: new Error('out of paper'), retryAt: null })
    expect(await all(asks.ended$('a'))).toMatchObject([
      { outcome: 'failed', result: null, error: { message: 'out of paper' } },
    ])
    expect(await all(asks.ended$('double'))).toMatchObject([{ outcome: 'deduplicated', standsFor: 'a' }])
  })

  it('waits through retries, and is an error for a job that nobody has heard of', async () => {
    const { asks, works, start } = await two()
    await asks.enqueue([job('a')])
    const end = firstValueFrom(asks.ended$('a'))
    await works.fail(await start())
    await works.complete(await start())
    expect((await end).outcome).toBe('completed')
    await expect(firstValueFrom(asks.ended$('nobody'))).rejects.toMatchObject({ code: 'job_not_live' })
  })
})

describe('progress$', () => {
  it('tells what the running attempt notes, each once, and completes with the job', async () => {
    const { clock, asks, works, start } = await two()
    await asks.enqueue([job('a')])
    const lease = await start()
    await works.note(lease, { progress: 1 })
    const told: unknown[] = []
    const done = new Promise<void>((resolve) =>
      asks.progress$('a').subscribe({ next: (progress) => told.push(progress), complete: resolve }),
    )
    await expect.poll(() => told).toEqual([1])
    await works.note(lease, { progress: { done: 2, of: 3 } })
    clock.set(clock.now() + 1_000_000)
    await expect.poll(() => told).toEqual([1, { done: 2, of: 3 }])
    // Nothing new, and then the last note, which no look has seen.
    clock.set(clock.now() + 1_000_000)
    await works.note(lease, { progress: 3 })
    await works.complete(lease)
    await done
    expect(told).toEqual([1, { done: 2, of: 3 }, 3])
    expect(await all(asks.progress$('a'))).toEqual([3])
    expect(await all(asks.progress$('nobody'))).toEqual([])
  })
})
