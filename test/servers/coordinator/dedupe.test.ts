/** Jobs that are deduplicated by a key, through two processes over one database. */
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { join } from './support.ts'

const dedupe = { key: 'site-7', while: 'waiting' } as const
const job = (jobId: string, more: object = {}) => ({ jobId, models: ['crawler'], dedupe, ...more })

async function two() {
  const database = memoryDatabase()
  const store = memoryStore(database)
  const [first, second] = (await Promise.all(
    [0, 1].map(() => join({ store: memoryStore(database), leaseMs: 3_600_000 })),
  )) as [Coordinator, Coordinator]
  return { store, first, second }
}

describe('a job whose key another one has', () => {
  it('is answered with the job that stands for it, in every process, and so is its explanation', async () => {
    const { store, first, second } = await two()
    expect(await first.enqueue([job('a'), job('b')])).toMatchObject({
      ...{ queued: 1, known: [] },
      jobs: [{ jobId: 'a' }, { jobId: 'b', standsFor: 'a' }],
    })
    expect((await second.enqueue([job('c')])).jobs).toEqual([{ jobId: 'c', standsFor: 'a' }])
    expect(await second.explain('c')).toMatchObject({
      ...{ state: 'ended', code: 'deduplicated', standsFor: 'a' },
      reason: expect.stringMatching(/^job a stands for it, which had its key, since 2/),
    })
    const { events } = await store.read('default', 0, 9)
    // The key itself is nowhere.
    expect(JSON.stringify(events)).not.toContain('site-7')
    expect(events.filter(({ type }) => type === 'deduplicated')).toMatchObject([
      { jobId: 'b', standsFor: 'a', key: expect.stringMatching(/^[0-9a-f]{32}$/) },
      { jobId: 'c', standsFor: 'a' },
    ])
  })

  it('is answered alike when the answer was lost, also after the other one has ended', async () => {
    const { store, first, second } = await two()
    await first.enqueue([job('a')])
    let isLost = true
    const losing = {
      ...store,
      append: async (request: Parameters<typeof store.append>[0]) => {
        const answer = await store.append(request)
        const isIt = request.events.some(({ type }) => type === 'deduplicated')
        if (!isIt || !isLost) return answer
        isLost = false
        await second.cancel('a')
        throw new InterlockError('store_unavailable', 'the connection is gone; try again')
      },
    }
    const third = await join({ store: losing as unknown as typeof store, leaseMs: 3_600_000 })
    expect(await third.enqueue([job('b')])).toMatchObject({
      ...{ queued: 0, known: [] },
      jobs: [{ jobId: 'b', standsFor: 'a' }],
    })
    expect(isLost).toBe(false)
  })

  it('is put in line when it is retried as a dead letter, and has no key then', async () => {
    const { first } = await two()
    await first.enqueue([job('a')])
    const [started] = await first.claim({ max: 1 })
    await first.fail(started?.lease ?? expect.unreachable(), { retryAt: null })
    await first.enqueue([job('b')])
    expect(await first.retryDead({ all: true })).toBe(1)
    expect(first.state().waitingCount).toBe(2)
    expect((await first.enqueue([job('c')])).jobs).toEqual([{ jobId: 'c', standsFor: 'b' }])
  })

  it.each([
    ['a key that is no text', { key: 7, while: 'live' }, 'jobs[0].dedupe.key'],
    ['no time', { key: 'k', while: 'later' }, 'jobs[0].dedupe.while'],
    ['too long a time', { key: 'k', while: { within: '366d' } }, 'jobs[0].dedupe.while'],
    [
      'a delay above maxDelay',
      { key: 'k', while: 'live', debounce: { delay: '2m', maxDelay: '60s' } },
      'jobs[0].dedupe.debounce.delay',
    ],
    [
      'debounce with within',
      { key: 'k', while: { within: '1h' }, debounce: { delay: '1s', maxDelay: '60s' } },
      'jobs[0].dedupe.debounce',
    ],
  ])('is refused with %s', async (_, wrong, path) => {
    const { first } = await two()
    const call = first.enqueue([{ jobId: 'a', models: [], dedupe: wrong as unknown as typeof dedupe }])
    await expect(call).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(path),
    })
  })

  it('is refused with a start of its own beside debounce', async () => {
    const { first } = await two()
    const debounce = { delay: '1s', maxDelay: '1m' }
    const call = first.enqueue([job('a', { dedupe: { ...dedupe, debounce }, runAt: new Date() })])
    await expect(call).rejects.toThrow('jobs[0].runAt: follows from dedupe.debounce')
  })
})

describe('with debounce', () => {
  const last = { ...dedupe, debounce: { delay: '1h', maxDelay: '2h' } } as const
  const large = (text: string) => ({ text, more: 'x'.repeat(60_000) })

  it.each([
    ['small ones', { text: 'one' }, { text: 'two' }],
    ['large ones', large('one'), large('two')],
    ['a large one after a small one', { text: 'one' }, large('two')],
    ['a small one after a large one', large('one'), { text: 'two' }],
  ])('the last payload wins: %s, in one append and in two', async (_, one, two) => {
    const store = memoryStore(memoryDatabase())
    const coordinator = await join({ store })
    for (const [n, together] of [true, false].entries()) {
      const key = { ...last, key: `${n}` }
      const jobs = [one, two].map((payload, i) => ({ ...job(`${n}-${i}`), payload, dedupe: key }))
      const answers = together
        ? await Promise.all(jobs.map((each) => coordinator.enqueue([each])))
        : [await coordinator.enqueue(jobs.slice(0, 1)), await coordinator.enqueue(jobs.slice(1))]
      // A large payload is sent ahead, so that the other one may be the first.
      const double = answers.flatMap((answer) => answer.jobs).find(({ standsFor }) => standsFor !== undefined)
      const payload = jobs.find(({ jobId }) => jobId === double?.jobId)?.payload
      const kept = await coordinator.data([double?.standsFor ?? '', double?.jobId ?? ''])
      expect(kept).toMatchObject([{ payload }, { payload: null }])
    }
    expect(await verify({ store })).toMatchObject({ ok: true, differences: [], payloads: { same: 2 } })
  })
})
