import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { join } from './support.ts'

const all = { max: 1_000, kinds: null }

/** Jobs that fail for good, each with a payload, an error and a checkpoint. */
async function failAll(coordinator: Coordinator, jobIds: readonly string[], model = 'm'): Promise<void> {
  await coordinator.enqueue(
    jobIds.map((jobId) => ({ jobId, models: [model], attempts: 2, payload: { of: jobId } })),
  )
  for (let left = jobIds.length; left > 0; left--) {
    // A store in memory answers in the same turn: without this no heartbeat is sent for as long as it takes.
    await setImmediate()
    for (const { lease } of await coordinator.claim(all)) {
      await coordinator.note(lease, { checkpoint: `run of ${lease.jobId}` })
      await coordinator.fail(lease, { retryAt: null, code: 'non_retryable', error: new Error('no') })
    }
  }
}

describe('dead letters', () => {
  it('are listed with what is known, and retried as they were asked to be', async () => {
    const coordinator = await join()
    await failAll(coordinator, ['a', 'b'])
    expect(await coordinator.dead()).toMatchObject([
      {
        jobId: 'b',
        code: 'non_retryable',
        attempts: 1,
        spec: { models: ['m'], attempts: 2 },
        error: { message: 'no' },
      },
      { jobId: 'a' },
    ])
    expect(await coordinator.retryDead({ jobIds: ['a', 'unknown'] })).toBe(1)
    expect((await coordinator.dead()).map(({ jobId }) => jobId)).toEqual(['b'])
    const [again] = await coordinator.claim(all)
    expect(again).toMatchObject({ spec: { jobId: 'a', models: ['m'], attempts: 2 }, attempt: 1 })
    expect(await coordinator.data(['a'])).toMatchObject([
      { payload: { of: 'a' }, checkpoint: 'run of a', error: null, result: null },
    ])
  })

  it('are retried by model and time, page by page', async () => {
    const coordinator = await join()
    const ids = Array.from({ length: 250 }, (_, n) => `job-${n}`)
    await coordinator.setPolicy('by-model')
    await failAll(coordinator, ids)
    await failAll(coordinator, ['other'], 'n')
    expect(await coordinator.retryDead({ model: 'n' })).toBe(1)
    expect(await coordinator.retryDead({ since: new Date(Date.now() + 60_000) })).toBe(0)
    expect(await coordinator.retryDead({ since: new Date(0) })).toBe(250)
    expect(await coordinator.dead()).toEqual([])
    expect(coordinator.state().waitingCount).toBe(251)
  })

  it('are dropped with what is kept of them', async () => {
    const coordinator = await join()
    await failAll(coordinator, ['a', 'b'])
    expect(await coordinator.dropDead({ jobIds: ['a'] })).toBe(1)
    expect((await coordinator.dead()).map(({ jobId }) => jobId)).toEqual(['b'])
    expect(await coordinator.data(['a'])).toMatchObject([{ payload: null, error: null, checkpoint: null }])
    await expect(coordinator.dead({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('are retried once by two that do it at once', async () => {
    const coordinator = await join()
    await coordinator.setPolicy('by-model')
    await failAll(coordinator, ['a', 'b'])
    await Promise.all([coordinator.retryDead({ all: true }), coordinator.retryDead({ all: true })])
    expect(coordinator.state().waitingCount).toBe(2)
  })
})
