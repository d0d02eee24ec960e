import { describe, expect, it } from 'vitest'
import { RetryLater } from '../../../src/engine/worker/index.ts'
import { testQueue } from '../../../src/tools/testing/index.ts'

const job = (jobId: string, more: object = {}) => ({ jobId, kind: 'draw', models: ['flux-dev'], ...more })
const at = (queue: { now(): Date }) => queue.now().toISOString()

describe('testQueue, a queue for tests of handlers', () => {
  it('runs a job through its handler', async () => {
    await using queue = await testQueue()
    queue.work({ draw: async ({ payload }: { payload: unknown }) => ({ drawn: payload }) })
    expect(await queue.run(job('fox', { payload: 'a fox' }))).toMatchObject({
      state: 'completed',
      starts: 1,
      payload: 'a fox',
      result: { drawn: 'a fox' },
    })
  })

  it('tries again when the clock is set to it, and not before', async () => {
    await using queue = await testQueue()
    let tries = 0
    queue.work(
      {
        draw: async () => {
          if (++tries < 3) throw new Error('no')
        },
      },
      { retry: { baseMs: 60_000, maxMs: 600_000, jitter: 0 } },
    )
    const first = await queue.run(job('fox', { attempts: 3 }))
    expect(first).toMatchObject({ state: 'waiting', starts: 1 })
    expect(first.runAt?.toISOString()).toBe('2030-01-01T00:01:00.000Z')
    await queue.advance(59_999)
    await queue.drain()
    expect(tries).toBe(1)
    await queue.advance(1)
    await queue.drain()
    expect(tries).toBe(2)
    expect(await queue.finish()).toEqual([])
    expect(await queue.job('fox')).toMatchObject({ state: 'completed', starts: 3 })
    expect(at(queue)).toBe('2030-01-01T00:03:00.000Z')
  })

  it('moves rates, pauses, timeouts and starts that are put off', async () => {
    await using queue = await testQueue({
      policy: { maxActive: null, rate: { 'flux-dev': { starts: 1, perSeconds: 3_600 } } },
    })
    const began: string[] = []
    queue.work({
      draw: async ({ jobId }: { jobId: string }) => void began.push(`${jobId} ${at(queue).slice(11, 16)}`),
      hang: (_: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    await queue.coordinator.enqueue([
      job('a'),
      job('b'),
      job('c', { runAt: new Date(Date.UTC(2030, 0, 1, 5)) }),
    ])
    expect(await queue.finish()).toEqual([])
    expect(began).toEqual(['a 00:00', 'b 01:00', 'c 05:00'])
    await queue.coordinator.enqueue([
      { jobId: 'h', kind: 'hang', models: ['x'], timeoutMs: 86_400_000, attempts: 1 },
    ])
    await queue.advance(86_399_999)
    expect(await queue.job('h')).toMatchObject({ state: 'active' })
    await queue.advance(1)
    await queue.drain()
    expect(await queue.job('h')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('timed_out'),
    })
  })

  it('says what handlers enqueue', async () => {
    await using queue = await testQueue({ policy: 'by-model' })
    const { coordinator } = queue
    queue.work({
      draw: async ({ jobId }: { jobId: string }) => {
        const payload = { of: jobId }
        await coordinator.enqueue([{ jobId: `${jobId}-small`, kind: 'scale', models: ['cpu'], payload }])
      },
      scale: async () => 'scaled',
    })
    await queue.run(job('fox'))
    expect(await queue.enqueued({ kind: 'scale' })).toEqual([
      {
        ...{ jobId: 'fox-small', kind: 'scale', models: ['cpu'], priority: 0, runAt: null, fairKey: null },
        payload: { of: 'fox' },
      },
    ])
    expect(await queue.job('fox-small')).toMatchObject({ state: 'completed', result: 'scaled' })
  })

  it('loses its lease: the handler is told, and the job is tried again with what it noted', async () => {
    await using queue = await testQueue()
    const told: unknown[] = []
    queue.work({
      draw: async (
        { checkpoint }: { checkpoint: unknown },
        { signal, ...context }: { signal: AbortSignal; checkpoint(value: unknown): Promise<void> },
      ) => {
        if (checkpoint !== null) return checkpoint
        await context.checkpoint({ run: 7 })
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        told.push(signal.reason)
        return
      },
    })
    await queue.coordinator.enqueue([job('fox', { attempts: 2 })])
    await queue.advance(0)
    await queue.loseLease()
    await queue.drain()
    expect(told).toMatchObject([{ name: 'AttemptStopped' }])
    expect(await queue.finish()).toEqual([])
    expect(await queue.job('fox')).toMatchObject({ state: 'completed', result: { run: 7 }, starts: 2 })
  })

  it('says what is left when nothing is due any more', async () => {
    await using queue = await testQueue()
    queue.work({ draw: async () => {} })
    await queue.coordinator.pauseModel('flux-dev', { reason: 'broken' })
    await queue.coordinator.enqueue([job('fox')])
    expect(await queue.finish()).toMatchObject([{ jobId: 'fox', state: 'waiting' }])
  })

  it('names handlers that do not end', async () => {
    await using queue = await testQueue({ patienceMs: 50 })
    queue.work({ draw: () => new Promise(() => {}) })
    await expect(queue.run(job('fox'))).rejects.toThrow('these jobs still run: fox (draw)')
  })

  it('refuses what is wrong', async () => {
    await expect(testQueue({ now: '2030' } as never)).rejects.toThrow('now: must be a Date')
    await expect(testQueue({ polcy: 'serial' } as never)).rejects.toThrow('polcy')
    await using queue = await testQueue()
    await expect(queue.advance(-1)).rejects.toThrow('by: must be a number of milliseconds, 0 or more')
    await expect(queue.advance(new Date(0))).rejects.toThrow('2030-01-01T00:00:00.000Z and never goes back')
    await expect(queue.job('fox')).rejects.toThrow('job fox was never put in line')
  })

  it('costs no attempt what a provider puts off', async () => {
    await using queue = await testQueue()
    const answers = [429, 200]
    queue.work({
      draw: async () => {
        if (answers.shift() === 429) throw new RetryLater({ seconds: 30 })
        return at(queue)
      },
    })
    await queue.run(job('fox', { attempts: 1 }))
    expect(await queue.finish()).toEqual([])
    expect(await queue.job('fox')).toMatchObject({ result: '2030-01-01T00:00:30.000Z' })
  })
})

it('a handler that calls completeIn is told that a queue in memory has no transactions', async () => {
  await using queue = await testQueue()
  queue.work({ charge: (_, { completeIn }) => completeIn(() => Promise.resolve([]), 1) })
  await queue.coordinator.enqueue([{ jobId: 'a', kind: 'charge', models: ['bank'], attempts: 1 }])
  await queue.drain()
  expect(await queue.job('a')).toMatchObject({ state: 'failed' })
  expect(JSON.stringify((await queue.job('a')).error)).toContain('the memory store has no transactions')
})
