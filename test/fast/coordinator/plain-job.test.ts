/** A job of which nothing is said but its kind: ids, models and links that are made for it. */
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { jobOf } from '../../../src/engine/core/index.ts'
import { defineQueue } from '../../../src/engine/events/index.ts'
import { testQueue } from '../../../src/tools/testing/index.ts'

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const modelsOf = (coordinator: Coordinator, jobId: string) => jobOf(coordinator.ledger(), jobId)?.spec.models

describe('a plain job', () => {
  it('gets an id, a UUID of version 7, and ids sort in the order in which they were made', async () => {
    await using queue = await testQueue()
    const many = Array.from({ length: 5_000 }, () => ({ kind: 'mail' }))
    const { jobs, jobId } = await queue.coordinator.enqueue(many)
    const ids = jobs.map((job) => job.jobId)
    expect(ids[0]).toMatch(V7)
    expect(ids[0]).toBe(jobId)
    expect(new Set(ids).size).toBe(many.length)
    expect(ids.toSorted()).toEqual(ids)
  })

  it('runs beside all others under the policy that a queue begins with', async () => {
    await using queue = await testQueue()
    const running = new Set<string>()
    queue.work({
      '*': async ({ jobId }, { signal }) => {
        running.add(jobId)
        await stopped(signal)
      },
    })
    const { ids } = await queue.coordinator.enqueue([
      { ref: 'one', models: ['a'] },
      { ref: 'two', models: ['b'] },
      { ref: 'mail', kind: 'mail' },
    ])
    await expect.poll(() => [...running]).toEqual([ids['one'], ids['mail']])
  })

  it('has the models of its kind, and says others itself', async () => {
    const contract = defineQueue({ draw: { models: ['flux'] }, mail: {} })
    await using queue = await testQueue({ contract })
    const { coordinator } = queue
    const { ids } = await coordinator.enqueue([
      { ref: 'draw', kind: 'draw' },
      { ref: 'own', kind: 'draw', models: ['sharp'] },
      { ref: 'mail', kind: 'mail' },
    ])
    const found = ['draw', 'own', 'mail'].map((ref) => modelsOf(coordinator, ids[ref] ?? ''))
    expect(found).toEqual([['flux'], ['sharp'], []])
    await coordinator.schedule('nightly', { every: '1h', job: { kind: 'draw' } })
    expect(coordinator.listSchedules()).toMatchObject([{ id: 'nightly', job: { models: ['flux'] } }])
  })

  it('is the same again with its request: its ids follow from that', async () => {
    await using queue = await testQueue()
    const give = () => queue.coordinator.enqueue([{ kind: 'mail' }, { kind: 'mail' }], { requestId: 'r' })
    const { jobs } = await give()
    expect(jobs).toEqual([{ jobId: 'r.1' }, { jobId: 'r.2' }])
    expect(await give()).toMatchObject({ jobs, queued: 2 })
    expect(queue.coordinator.state().waitingCount).toBe(2)
  })
})

describe('jobs that are linked by names of their call', () => {
  it('come after each other, in any order, and the answer says their ids', async () => {
    await using queue = await testQueue()
    const order: string[] = []
    queue.work({ '*': ({ kind }) => void order.push(kind) })
    const { ids } = await queue.coordinator.enqueue([
      { kind: 'film', after: ['picture', { job: 'sound', ifFailed: 'continue' }] },
      { kind: 'picture', ref: 'picture' },
      { kind: 'sound', ref: 'sound', jobId: 'own', after: ['picture'] },
    ])
    await queue.drain()
    expect(order).toEqual(['picture', 'sound', 'film'])
    expect(ids).toEqual({ picture: expect.stringMatching(V7), sound: 'own' })
  })

  it.each([
    [
      [
        { ref: 'a', kind: 'a' },
        { ref: 'a', kind: 'b' },
      ],
      'jobs[1].ref: comes twice: a',
    ],
    [[{ ref: '', kind: 'a' }], 'jobs[0].ref: must be a name'],
    [[{ ref: 5, kind: 'a' }], 'jobs[0].ref: must be a name'],
    [
      [
        { ref: 'a', kind: 'a' },
        { kind: 'b', after: ['aa'] },
      ],
      'the names of this call (ref) are a',
    ],
    [
      [
        { ref: 'picture', kind: 'a' },
        { kind: 'b', after: [{ job: 'pictrue', ifFailed: 'continue' }] },
      ],
      'did you mean picture (ref)?',
    ],
    [[{}], 'jobs[0]: has neither an id, a kind nor models'],
    [
      [{ kind: 'mail', once: '24h' }],
      'jobs[0].once: is how long an id is taken, and a new id is never taken',
    ],
    [
      [
        { ref: 'a', kind: 'a', after: ['b'] },
        { ref: 'b', kind: 'b', after: ['a'] },
      ],
      'wait for each other',
    ],
  ])('are refused: %j', async (jobs, message) => {
    await using queue = await testQueue()
    await expect(queue.coordinator.enqueue(jobs as never)).rejects.toMatchObject({
      message: expect.stringContaining(message),
    })
  })
})

describe('one schedule', () => {
  it('is declared alone, beside those of owners, and again is another one', async () => {
    await using queue = await testQueue()
    const { coordinator } = queue
    await coordinator.schedules('often', [{ id: 'a', every: '1h', job: { kind: 'mail' } }])
    await coordinator.schedule('often', { every: '2h', job: { kind: 'mail' } })
    expect(await coordinator.schedule('often', { every: '3h', job: { kind: 'mail' } })).toMatchObject({
      set: ['often'],
    })
    expect(coordinator.listSchedules().map(({ id, everyMs }) => [id, everyMs])).toEqual([
      ['a', 3_600_000],
      ['often', 3 * 3_600_000],
    ])
    await expect(coordinator.schedule('a', { every: '1h', job: {} })).rejects.toMatchObject({
      code: 'schedule_owned',
    })
  })
})

const stopped = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
