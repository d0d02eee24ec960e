/** What `explain` says where nothing but its answer helps: between two tries, before the first job runs, and when nobody is there. */
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/engine/coordinator/index.ts'
import { explain, status } from '../../../src/tools/operate/index.ts'
import { join, memoryStore } from '../../servers/coordinator/support.ts'

const kept = () => {
  const store = memoryStore()
  return { store, joined: () => join({ store, logger: silentLogger }) }
}

describe('a job whose attempt has failed', () => {
  it('is told of with the last error, how often it failed, and when it is tried again', async () => {
    const { store, joined } = kept()
    const coordinator = await joined()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 3 }])
    const fail = async (retryAt: Date, message: string) => {
      const [started] = await coordinator.claim({ max: 1, kinds: null })
      if (started === undefined) throw new Error('it did not start')
      await coordinator.fail(started.lease, { retryAt, error: { name: 'Error', message } })
    }
    expect(await explain({ store }, 'a')).toMatchObject({ failed: null, until: null })
    await fail(new Date(0), 'the first')
    expect(await explain({ store }, 'a')).toMatchObject({
      code: 'no_worker',
      failed: { times: 1, attempts: 3, code: 'handler_error', message: 'the first' },
    })
    const retryAt = new Date(Math.ceil(coordinator.now() / 1_000) + 3_600_000)
    await fail(retryAt, 'provider said 503')
    const told = await explain({ store }, 'a')
    expect(told).toMatchObject({
      code: 'not_due',
      failed: { times: 2, attempts: 3, code: 'handler_error', message: 'provider said 503' },
    })
    expect(new Date(told.until ?? 0)).toEqual(retryAt)
    expect(await coordinator.explain('a')).toMatchObject({ failed: { times: 2, code: 'handler_error' } })
  })

  it('keeps that when it has failed for good; one that was given back has not failed', async () => {
    const { store, joined } = kept()
    const coordinator = await joined()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 1 }])
    const [first] = await coordinator.claim({ max: 1, kinds: null })
    await coordinator.release(first?.lease ?? never(), 'later')
    expect(await explain({ store }, 'a')).toMatchObject({ failed: null })
    const [second] = await coordinator.claim({ max: 1, kinds: null })
    await coordinator.fail(second?.lease ?? never(), { retryAt: null, error: { message: 'no' } })
    expect(await explain({ store }, 'a')).toMatchObject({
      state: 'ended',
      failed: { times: 1, attempts: 1, code: 'handler_error', message: 'no' },
    })
  })
})

describe('a queue in which no job runs yet', () => {
  it('does not say that another job is running', async () => {
    const { store, joined } = kept()
    const coordinator = await joined()
    coordinator.offering(['normal'], 1)
    await seen(store, 1)
    const { waiting } = await coordinator.enqueue([
      { jobId: 'a', models: ['m'] },
      { jobId: 'b', models: ['n'] },
    ])
    const reason = 'job a goes first, and no worker has taken it yet (one job at a time)'
    expect(waiting).toMatchObject([{ jobId: 'b', code: 'serialized', blockedBy: 'a', reason }])
    expect(await explain({ store }, 'b')).toMatchObject({ code: 'serialized', reason })
  })
})

describe('a job that no worker runs', () => {
  const jobs = [
    { jobId: 'a', models: ['m'] },
    { jobId: 'b', models: ['n'] },
  ]

  it('says that no worker is alive, for the first and for the next: no other job runs', async () => {
    const { store, joined } = kept()
    const coordinator = await joined()
    await coordinator.enqueue(jobs)
    await coordinator.close()
    const nobody = 'no worker is alive (a dashboard runs no jobs)'
    expect(await explain({ store }, 'a')).toMatchObject({
      ...{ code: 'no_worker', reason: `it may start, and ${nobody}` },
    })
    expect(await explain({ store }, 'b')).toMatchObject({
      code: 'no_worker',
      blockedBy: 'a',
      reason: `its turn comes after job a, and ${nobody}`,
      whatHasToHappen: 'start a worker with a handler for normal',
    })
  })

  it('says who is alive, and what they run', async () => {
    const { store, joined } = kept()
    const beats = { queue: 'default', ttlMs: 60_000, graceMs: 60_000, freeSlots: 1, release: '1.0.0' }
    const beat = (workerId: string, kinds: readonly string[]) => store.beat({ ...beats, workerId, kinds })
    const coordinator = await joined()
    await coordinator.enqueue(jobs)
    await coordinator.close()
    await beat('api', [])
    await beat('gpu', ['draw', 'upscale'])
    const { reason } = await explain({ store }, 'a')
    expect(reason).toMatch(/no live worker has a handler for normal \(alive: /)
    expect(reason).toContain('api, which runs no jobs')
    expect(reason).toContain('gpu for draw, upscale')
  })
})

describe('a worker whose heartbeat is past', () => {
  it('is late and takes nothing, whatever it said last', async () => {
    const { store, joined } = kept()
    await (await joined()).enqueue([{ jobId: 'a', models: ['m'] }])
    const beat = { queue: 'default', workerId: 'w', kinds: ['normal'], freeSlots: 4, release: '1.0.0' }
    await store.beat({ ...beat, ttlMs: 1, graceMs: 600_000 })
    const own = async () => (await status({ store })).workers.find(({ workerId }) => workerId === 'w')
    await expect.poll(async () => (await own())?.state).toBe('late')
    expect(await own()).toMatchObject({ freeSlots: 0 })
  })
})

/** So many processes have said what they run. */
const seen = (store: ReturnType<typeof memoryStore>, many: number) =>
  expect
    .poll(async () => (await store.workers('default')).filter(({ freeSlots }) => freeSlots > 0).length)
    .toBe(many)

function never(): never {
  throw new Error('it did not start')
}
