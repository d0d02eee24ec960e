import { describe, expect, it } from 'vitest'
import { takeBatch } from '../../../src/engine/coordinator/commit/take-batch.ts'
import type { Started } from '../../../src/engine/core/index.ts'
import { parseJobs } from '../../../src/engine/events/index.ts'
import { join, memoryStore } from './support.ts'

const all = { max: 100, kinds: null }
const leaseOf = (started: readonly Started[]) => {
  const [first] = started
  if (first === undefined) throw new Error('nothing was started')
  return first.lease
}

describe('what is kept beside the log', () => {
  it('goes with the events it belongs to: payload, result, error', async () => {
    const coordinator = await join()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: { prompt: 'a train' }, attempts: 2 }])
    const first = leaseOf(await coordinator.claim(all))
    await coordinator.fail(first, { error: new TypeError('no rails') })
    const second = leaseOf(await coordinator.claim(all))
    await coordinator.complete(second, { result: { url: 'x' } })
    const [kept] = await coordinator.data(['a'])
    expect(kept).toMatchObject({
      payload: { prompt: 'a train' },
      result: { url: 'x' },
      error: { name: 'TypeError', message: 'no rails', stack: expect.stringContaining('no rails') },
    })
  })

  it('refuses another payload for a live job, and writes nothing for a refused command (job_exists)', async () => {
    const coordinator = await join()
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: 1 }])
    const withB = (payload: number) => [
      { jobId: 'a', models: ['m'], payload },
      { jobId: 'b', models: ['m'], payload: 3 },
    ]
    await expect(coordinator.enqueue(withB(2))).rejects.toMatchObject({ code: 'job_exists' })
    expect(await coordinator.data(['b'])).toMatchObject([{ payload: null }])
    await coordinator.enqueue(withB(1))
    const lease = leaseOf(await coordinator.claim(all))
    await coordinator.complete(lease)
    await expect(coordinator.complete(lease, { result: 'late' })).rejects.toMatchObject({
      code: 'job_not_active',
    })
    const kept = await coordinator.data(['a', 'b'])
    expect(kept.map(({ payload, result }) => [payload, result])).toEqual([
      [1, null],
      [3, null],
    ])
  })

  it('gives no payload of an earlier life to a job that is enqueued again without one', async () => {
    const coordinator = await join()
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: 1 }])
    await coordinator.complete(leaseOf(await coordinator.claim(all)))
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    expect((await coordinator.data(['a']))[0]?.payload).toBeNull()
  })

  it('keeps the error that is told at the gate', async () => {
    const coordinator = await join()
    await coordinator.onJobStart('a', 'normal', ['m'])
    await coordinator.onJobComplete('a', 'normal', { outcome: 'failed', error: 'out of steam' })
    expect((await coordinator.data(['a']))[0]?.error).toEqual({ name: 'Error', message: 'out of steam' })
  })

  it('gives a checkpoint to the next attempt, and takes none of one that is over', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    const first = leaseOf(await coordinator.claim(all))
    expect(await coordinator.note(first, { checkpoint: { externalId: 'x' }, progress: 0.5 })).toBe(true)
    await coordinator.fail(first)
    const second = leaseOf(await coordinator.claim(all))
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(await coordinator.note(first, { checkpoint: 'stale' })).toBe(false)
    expect(await coordinator.data(['a'])).toMatchObject([{ checkpoint: { externalId: 'x' }, progress: 0.5 }])
    await expect(coordinator.note(second, {})).rejects.toMatchObject({ code: 'invalid_input' })
    await coordinator.forget(['a'])
    expect(await coordinator.data(['a'])).toMatchObject([{ checkpoint: null, progress: null }])
  })
})

describe('a batch', () => {
  it('is bounded by its commands and by the data in it, and never empty', () => {
    const light = Array.from({ length: 600 }, () => ({}))
    expect(takeBatch(light)).toHaveLength(500)
    expect(light).toHaveLength(100)
    expect(takeBatch([{ weight: 200_000 }, { weight: 60_000 }, { weight: 60_000 }])).toHaveLength(2)
    expect(takeBatch([{ weight: 900_000 }, {}])).toHaveLength(1)
    expect(takeBatch([])).toEqual([])
    const specs = parseJobs(Array.from({ length: 501 }, (_, n) => ({ jobId: `${n}`, models: [] }))).map(
      ({ spec }) => spec,
    )
    const putting = (count: number) => ({
      command: { body: { type: 'enqueue', specs: specs.slice(0, count) } as const },
    })
    expect(takeBatch([putting(250), putting(250), putting(1)])).toHaveLength(2)
    expect(takeBatch([putting(501), {}])).toHaveLength(1)
  })
})
