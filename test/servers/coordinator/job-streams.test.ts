/** What the one who asked for a job is told of it: where it stands, how far it is, and how it ended. */
import { firstValueFrom, type Observable, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { HandClock } from '../../../src/tools/testing/hand-clock.ts'
import { join, workedOff } from './support.ts'

const job = (jobId: string) => ({ jobId, models: ['m'] })

/** Two processes over one database with a clock that is set by hand. */
async function two() {
  const clock = new HandClock(Date.now() * 1_000)
  const database = memoryDatabase(clock)
  const [asks, works] = (await Promise.all(
    [0, 1].map(() => join({ store: memoryStore(database), leaseMs: 3_600_000 })),
  )) as [Coordinator, Coordinator]
  const start = async () => (await works.claim({ max: 1 }))[0]?.lease ?? expect.unreachable()
  return { clock, database, asks, works, start }
}

const all = <T>(stream: Observable<T>): Promise<T[]> => firstValueFrom(stream.pipe(toArray()))

describe('position', () => {
  it('says how many are ahead and why it waits, and names no other job', async () => {
    const { asks, start } = await two()
    await asks.setPolicy('by-model')
    await asks.enqueue(['other-1', 'other-2', 'mine'].map(job))
    await start()
    const place = await asks.position('mine')
    expect(place).toEqual({
      ...{ jobId: 'mine', queue: 'default', state: 'waiting', ahead: 1, position: 1, code: 'model_in_use' },
      models: [{ model: 'm', ahead: 1, running: 1, capacity: 1 }],
      ...{ reason: 'a model it needs is in use', startsInSeconds: null },
      ...{ startsFromSeconds: null, startsToSeconds: null, startsReason: 'no live process runs its kind' },
    })
    expect(JSON.stringify(place)).not.toContain('other')
    expect(await asks.position('nobody')).toBeUndefined()
  })

  it('says about when it starts once enough have started to compare, and not when nobody is alive who runs it', async () => {
    const { clock, database, asks, works } = await two()
    works.offering(null, 1)
    await asks.setPolicy('by-model')
    await workedOff(works, clock, 2)
    const none = { startsInSeconds: null, startsFromSeconds: null, startsToSeconds: null }
    expect(await asks.position('next-3')).toMatchObject({
      ...{ ...none, startsReason: expect.stringMatching(/^fewer than 9 jobs/) },
    })
    for (const jobId of ['next-2', 'next-3']) await asks.cancel(jobId, { force: true })
    await workedOff(works, clock, 20, 'later')
    await asks.enqueue([job('mine')])
    const other = await join({ store: memoryStore(database), leaseMs: 3_600_000 })
    const place = await other.position('mine')
    expect(place).toMatchObject({ startsInSeconds: expect.closeTo(120, -2), startsReason: null })
    expect(place?.startsFromSeconds).toBeLessThan(place?.startsToSeconds ?? 0)
    await works.close()
    expect(await other.position('mine')).toMatchObject({
      ...{ ...none, startsReason: 'no live process runs its kind' },
    })
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
  it('tells what the running attempt notes, each once, without a look, and completes with the job', async () => {
    const { asks, works, start } = await two()
    await asks.enqueue([job('a')])
    const lease = await start()
    await works.note(lease, { progress: 1 })
    const told: unknown[] = []
    const done = new Promise<void>((resolve) =>
      asks.progress$('a').subscribe({ next: (progress) => told.push(progress), complete: resolve }),
    )
    await expect.poll(() => told).toEqual([1])
    await works.note(lease, { progress: { done: 2, of: 3 } })
    await expect.poll(() => told).toEqual([1, { done: 2, of: 3 }])
    await works.note(lease, { progress: { done: 2, of: 3 } })
    await works.note(lease, { progress: 3 })
    await works.complete(lease)
    await done
    expect(told).toEqual([1, { done: 2, of: 3 }, 3])
    expect(await all(asks.progress$('a'))).toEqual([3])
    expect(await all(asks.progress$('nobody'))).toEqual([])
  })

  it('looks once for all jobs that run and are followed, if the store tells of no notes, however many follow', async () => {
    const clock = new HandClock(Date.now() * 1_000)
    const database = memoryDatabase(clock)
    const looks: string[] = []
    const inner = memoryStore(database)
    const store: LogStore = {
      ...inner,
      watch: async (queue, jobIds, ms) => {
        looks.push(jobIds.join(' '))
        return { ...(await inner.watch(queue, jobIds, ms)), isAnnounced: false }
      },
      // Nobody is told of a note.
      listen: (queue, onWake) => inner.listen(queue, (wake) => wake.type !== 'noted' && onWake(wake)),
    }
    const asks = await join({ store, leaseMs: 3_600_000 })
    await asks.setPolicy('by-model')
    await asks.enqueue(
      ['a', 'b', 'waits'].map((jobId) => ({ jobId, models: [jobId === 'waits' ? 'a' : jobId] })),
    )
    const leases = new Map(
      (await asks.claim({ max: 9, kinds: null })).map(({ lease }) => [lease.jobId, lease]),
    )
    const told: unknown[] = []
    for (const jobId of ['a', 'a', 'b', 'waits'])
      asks.progress$(jobId).subscribe((progress) => told.push([jobId, progress]))
    await expect.poll(() => looks.at(-1)).toBe('a b')
    const before = looks.length
    for (const lease of leases.values()) await asks.note(lease, { progress: 1 })
    clock.set(clock.now() + 1_000_000)
    await expect
      .poll(() => told)
      .toEqual([
        ['a', 1],
        ['a', 1],
        ['b', 1],
      ])
    expect(looks.slice(before)).toEqual(['a b'])
  })
})
