/** Jobs that come after others, through a coordinator. */
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { join } from './support.ts'

const all = { max: 1_000, kinds: null }

async function completeAll(coordinator: Coordinator): Promise<readonly string[]> {
  const started = await coordinator.claim(all)
  for (const { lease } of started) await coordinator.complete(lease)
  return started.map(({ spec }) => spec.jobId)
}

const job = (jobId: string, ...after: readonly string[]) => ({
  jobId,
  models: [jobId],
  ...(after.length === 0 ? {} : { after }),
})

async function made(store = memoryStore()): Promise<Coordinator> {
  const coordinator = await join({ store })
  await coordinator.setPolicy('by-model')
  return coordinator
}

describe('a flow', () => {
  it('runs from its first jobs to its last, in whatever order it was enqueued', async () => {
    const database = memoryDatabase()
    const coordinator = await made(memoryStore(database))
    const answer = await coordinator.enqueue([job('d', 'b', 'c'), job('b', 'a'), job('c', 'a'), job('a')])
    expect(answer).toMatchObject({ queued: 4, known: [] })
    expect(answer.waiting.map(({ jobId, code, blockedBy }) => [jobId, code, blockedBy])).toEqual([
      ['d', 'waits_for_parents', 'b'],
      ['b', 'waits_for_parents', 'a'],
      ['c', 'waits_for_parents', 'a'],
    ])
    expect(await completeAll(coordinator)).toEqual(['a'])
    expect((await completeAll(coordinator)).toSorted()).toEqual(['b', 'c'])
    expect(await completeAll(coordinator)).toEqual(['d'])
    const { events } = await memoryStore(database).read('default', 0, 1_000)
    expect(audit(events).violations).toEqual([])
  })

  it('is explained: what it waits for, how often that has failed, and what that waits for', async () => {
    const coordinator = await made()
    await coordinator.enqueue([
      job('a'),
      job('b', 'a'),
      { ...job('c', 'b'), after: ['b', { job: 'a', ifFailed: 'continue' }] },
    ])
    const [started] = await coordinator.claim(all)
    const retryAt = new Date(Date.now() + 3_600_000)
    if (started !== undefined) await coordinator.fail(started.lease, { retryAt })
    const next = `next try ${retryAt.toISOString()}`
    expect(await coordinator.explain('b')).toMatchObject({
      ...{ state: 'waiting', standing: 'for_parents', code: 'waits_for_parents', blockedBy: 'a' },
      reason: `it comes after job a (failed once, ${next})`,
      whatHasToHappen: 'job a has to end; it then joins the line by itself',
      parents: [
        {
          jobId: 'a',
          ifFailed: 'fail',
          outcome: null,
          code: 'not_due',
          failed: 1,
          until: retryAt.getTime() * 1_000,
        },
      ],
    })
    expect(await coordinator.explain('c')).toMatchObject({
      reason: `it comes after job a (failed once, ${next}) and 1 more`,
      chain: ['a'],
      parents: [
        { jobId: 'a', ifFailed: 'continue' },
        { jobId: 'b', ifFailed: 'fail', code: 'waits_for_parents' },
      ],
    })
  })

  it('fails with a job that did not complete, and says where that began', async () => {
    const coordinator = await made()
    await coordinator.enqueue([job('a'), job('b', 'a'), job('c', 'b')])
    const [started] = await coordinator.claim(all)
    if (started !== undefined) await coordinator.fail(started.lease, { retryAt: null })
    expect(await coordinator.explain('c')).toMatchObject({
      ...{ state: 'ended', code: 'failed' },
      reason: expect.stringContaining('a job that it comes after did not complete (a)'),
    })
    const dead = await coordinator.dead()
    expect(dead.map(({ jobId, code }) => [jobId, code])).toEqual([
      ['c', 'parent_failed'],
      ['b', 'parent_failed'],
      ['a', 'handler_error'],
    ])
  })
})

describe('a job that is to come after one that has ended', () => {
  it('starts if that completed, fails if it failed, and is refused if nobody knows it', async () => {
    const database = memoryDatabase()
    const [first, second] = await Promise.all([
      join({ store: memoryStore(database) }),
      join({ store: memoryStore(database) }),
    ])
    await first.setPolicy('by-model')
    await first.enqueue([job('good'), job('bad')])
    for (const { lease, spec } of await first.claim(all)) {
      if (spec.jobId === 'good') await first.complete(lease)
      else await first.fail(lease, { retryAt: null })
    }
    await second.enqueue([job('b', 'good'), job('c', 'bad')])
    expect(await completeAll(second)).toEqual(['b'])
    expect(await second.explain('c')).toMatchObject({ state: 'ended', code: 'failed' })
    const unknown = second.enqueue([job('d'), job('e', 'd', 'never')])
    await expect(unknown).rejects.toMatchObject({
      code: 'parent_unknown',
      message: expect.stringContaining('jobs[1].after[1]: job never'),
    })
    expect(await second.explain('d')).toBeUndefined()
  })
})

describe('a flow whose events are erased', () => {
  /** All of the log that is not of live jobs goes for good. */
  async function erase(store: ReturnType<typeof memoryStore>): Promise<void> {
    const { version } = await store.read('default', 0, 1)
    await store.putSnapshot('default', { seq: version, state: {} })
    await store.archive('default', version, false)
  }

  it('goes on: how its ended jobs ended, and what they returned, is there for those that come after them', async () => {
    const database = memoryDatabase()
    const store = memoryStore(database)
    const coordinator = await made(store)
    await coordinator.enqueue([job('a'), job('b'), job('c', 'a', 'b'), job('d', 'c', 'a')])
    const [a, b] = await coordinator.claim(all)
    if (a === undefined || b === undefined) throw new Error('they did not start')
    await coordinator.complete(a.lease, { result: 'of a' })
    await erase(store)
    await coordinator.complete(b.lease, { result: 'of b' })
    await erase(store)
    for (const [jobId, count] of [
      ['c', 2],
      ['d', 2],
    ] as const) {
      const [started] = await coordinator.claim(all)
      expect(started?.spec.jobId).toBe(jobId)
      if (started === undefined) return
      const parents = await coordinator.parents(started.lease, { results: true })
      expect(parents.map(({ outcome, result }) => [outcome, result !== null])).toEqual(
        Array.from({ length: count }, () => ['completed', true]),
      )
      await coordinator.complete(started.lease, { result: `of ${jobId}` })
      await erase(store)
    }
    expect(coordinator.state().waitingCount).toBe(0)
  })

  it('takes up none that comes after an erased one (parent_unknown)', async () => {
    const store = memoryStore()
    const coordinator = await made(store)
    await coordinator.enqueue([job('a')])
    await completeAll(coordinator)
    await erase(store)
    await expect(coordinator.enqueue([job('b', 'a')])).rejects.toMatchObject({
      code: 'parent_unknown',
      message: expect.stringContaining('jobs[0].after[0]: job a'),
    })
  })

  it('and dropping the dead letter of an ended job takes nothing from those that wait', async () => {
    const coordinator = await made()
    const goesOn = { job: 'a', ifFailed: 'continue' } as const
    await coordinator.enqueue([job('a'), job('b'), { ...job('c'), after: [goesOn, 'b'] }])
    const [a] = await coordinator.claim({ max: 1, kinds: null })
    if (a !== undefined) await coordinator.fail(a.lease, { retryAt: null })
    expect(await coordinator.dropDead({ all: true })).toBe(1)
    expect(await completeAll(coordinator)).toEqual(['b'])
    const [c] = await coordinator.claim(all)
    if (c === undefined) throw new Error('it did not start')
    const outcomes = (await coordinator.parents(c.lease)).map(({ jobId, outcome }) => [jobId, outcome])
    expect(outcomes.toSorted()).toEqual([
      ['a', 'failed'],
      ['b', 'completed'],
    ])
  })
})

describe('what a handler is told of the jobs that its own comes after', () => {
  /** `c` runs, after `a`, which returned something, and `b`, which failed. */
  async function running(store = memoryStore()) {
    const coordinator = await made(store)
    await coordinator.enqueue([
      job('a'),
      job('b'),
      { ...job('c'), after: ['a', { job: 'b', ifFailed: 'continue' }] },
    ])
    for (const { lease, spec } of await coordinator.claim(all)) {
      if (spec.jobId === 'a') await coordinator.complete(lease, { result: { pages: 3 } })
      else await coordinator.fail(lease, { retryAt: null })
    }
    const [started] = await coordinator.claim(all)
    if (started === undefined) throw new Error('it did not start')
    return { coordinator, lease: started.lease }
  }
  const byId = (parents: readonly { readonly jobId: string }[]) =>
    parents.toSorted((a, b) => (a.jobId < b.jobId ? -1 : 1))

  it('is how they ended, and what they returned if it asks for that', async () => {
    const { coordinator, lease } = await running()
    expect(byId(await coordinator.parents(lease))).toEqual([
      { jobId: 'a', outcome: 'completed', result: null },
      { jobId: 'b', outcome: 'failed', result: null },
    ])
    expect(byId(await coordinator.parents(lease, { results: true }))).toMatchObject([
      { jobId: 'a', result: { pages: 3 } },
      { jobId: 'b', result: null },
    ])
    await coordinator.complete(lease)
    await expect(coordinator.parents(lease)).rejects.toMatchObject({ code: 'job_not_active' })
  })

  it('stays while it may ask, when the events of its parents are erased', async () => {
    const database = memoryDatabase()
    const store = memoryStore(database)
    const { coordinator, lease } = await running(store)
    const { version } = await store.read('default', 0, 1)
    await store.putSnapshot('default', { seq: version, state: {} })
    await store.archive('default', version, false)
    expect(byId(await coordinator.parents(lease, { results: true }))[0]).toMatchObject({
      result: { pages: 3 },
    })
    await coordinator.complete(lease)
    const end = await store.read('default', version, 10)
    await store.putSnapshot('default', { seq: end.version, state: {} })
    await store.archive('default', end.version, false)
    expect((await store.data('default', ['a']))[0]?.result).toBeNull()
  })

  it('is refused by name if it is too large (parents_too_large)', async () => {
    const coordinator = await made()
    const ids = Array.from({ length: 18 }, (_, n) => `p${n}`)
    await coordinator.enqueue([...ids.map((id) => job(id)), job('all', ...ids)])
    const result = 'x'.repeat(1_000_000)
    for (const { lease } of await coordinator.claim(all)) await coordinator.complete(lease, { result })
    const [started] = await coordinator.claim(all)
    if (started === undefined) throw new Error('it did not start')
    expect(await coordinator.parents(started.lease)).toHaveLength(18)
    const asked = coordinator.parents(started.lease, { results: true })
    await expect(asked).rejects.toMatchObject({ code: 'parents_too_large', details: { bytes: 18_000_036 } })
  })
})
