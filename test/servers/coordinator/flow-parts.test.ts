/** A job with all that come after it: cancelled, and retried. */
import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { memoryRequest } from '../../../src/engine/store/memory/inbox.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { changeJobs, previewChange } from '../../../src/tools/operate/index.ts'
import { join } from './support.ts'

const all = { max: 1_000, kinds: null }
const job = (jobId: string, ...after: readonly (string | { job: string; ifFailed: 'continue' })[]) => ({
  jobId,
  models: [jobId],
  ...(after.length === 0 ? {} : { after }),
})

async function made() {
  const database = memoryDatabase()
  const coordinator = await join({ store: memoryStore(database) })
  await coordinator.setPolicy('by-model')
  const store = memoryStore(database)
  const events = async () => (await store.read('default', 0, 20_000)).events
  const typesOf = async (type: string) =>
    (await events()).flatMap((event) => (event.type === type && 'jobId' in event ? [event.jobId] : []))
  return { coordinator, database, store, events, typesOf }
}

/** Starts what may start, and ends each: fails those that are named, completes the others. */
async function runAll(coordinator: Coordinator, ...failing: readonly string[]): Promise<readonly string[]> {
  const ran: string[] = []
  for (let started = await coordinator.claim(all); started.length > 0; started = await coordinator.claim(all))
    for (const { lease, spec } of started) {
      ran.push(spec.jobId)
      if (failing.includes(spec.jobId)) await coordinator.fail(lease, { retryAt: null })
      else await coordinator.complete(lease, { result: spec.jobId })
    }
  return ran
}

/** A diamond, what comes after it, and a job that goes on whatever becomes of the first. */
const diamond = [
  job('a'),
  job('b', 'a'),
  job('c', 'a'),
  job('d', 'b', 'c'),
  job('tidy', { job: 'a', ifFailed: 'continue' }),
  job('other'),
]

describe('a job that is cancelled with its descendants', () => {
  it('goes last, and none of them fails or starts on the way', async () => {
    const { coordinator, events, typesOf } = await made()
    await coordinator.enqueue(diamond)
    await coordinator.cancel('a', { descendants: true })
    const cancelled = await typesOf('cancelled')
    expect(cancelled.toSorted()).toEqual(['a', 'b', 'c', 'd', 'tidy'])
    expect([cancelled[0] === 'd' || cancelled[1] === 'd', cancelled.at(-1)]).toEqual([true, 'a'])
    expect(await typesOf('failed')).toEqual([])
    expect(await runAll(coordinator)).toEqual(['other'])
    expect(audit(await events()).violations).toEqual([])
  })

  it('is asked to stop if it runs; those that come after it are cancelled at once', async () => {
    const { coordinator, typesOf } = await made()
    await coordinator.enqueue(diamond)
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    expect(started?.lease.jobId).toBe('a')
    await coordinator.cancel('a', { descendants: true })
    expect((await typesOf('cancelled')).toSorted()).toEqual(['b', 'c', 'd', 'tidy'])
    expect((await coordinator.explain('a'))?.standing).toBe('cancelling')
    await coordinator.cancel('a', { descendants: true, force: true })
    await expect(coordinator.cancel('a', { descendants: true })).rejects.toMatchObject({
      code: 'job_not_live',
    })
  })

  it('takes parts of bounded size for 1,200 of them', async () => {
    const { coordinator, events } = await made()
    const many = Array.from({ length: 1_200 }, (_, n) => job(`j${n}`, n < 600 ? 'a' : `j${n - 600}`))
    await coordinator.enqueue([job('a'), ...many])
    await coordinator.cancel('a', { descendants: true })
    const byCommand = Map.groupBy(
      (await events()).filter(({ type }) => type === 'cancelled'),
      ({ commandId }) => commandId,
    )
    expect([...byCommand.values()].map(({ length }) => length)).toEqual([500, 500, 201])
  })

  it('by SQL as well: the answer says if it has to be sent again', async () => {
    const { coordinator, database } = await made()
    const many = Array.from({ length: 700 }, (_, n) => job(`j${n}`, 'a'))
    await coordinator.enqueue([job('a'), ...many])
    const ask = (requestId: string) => {
      memoryRequest(database, { type: 'cancel', job_id: 'a', descendants: true }, 'default', requestId)
      return expect.poll(() => database.queues.get('default')?.inbox.get(requestId)?.answer)
    }
    await ask('first').toEqual({ ok: true, left: true })
    await ask('second').toEqual({ ok: true })
    expect(coordinator.state().waitingCount).toBe(0)
  })
})

describe('what a handler adds', () => {
  it('is waited for by what comes after its job, with what came of it', async () => {
    const { coordinator, events } = await made()
    await coordinator.enqueue([job('split'), job('join', 'split')])
    const ran: string[] = []
    const worker = createJobWorker({
      coordinator,
      concurrency: 4,
      handlers: {
        normal: async ({ jobId }, { add, parents }) => {
          ran.push(jobId)
          if (jobId === 'split') expect(await add([job('p1'), job('p2', 'p1')])).toMatchObject({ queued: 2 })
          if (jobId === 'join') return (await parents({ results: true })).map(({ result }) => result)
          return `of ${jobId}`
        },
      },
    })
    const joined = firstValueFrom(coordinator.ended$('join'))
    worker.start()
    expect((await joined).result).toEqual(expect.arrayContaining(['of split', 'of p1', 'of p2']))
    await worker.drain()
    expect(ran).toEqual(['split', 'p1', 'p2', 'join'])
    expect(audit(await events()).violations).toEqual([])
  })

  it('by SQL as well, under its token', async () => {
    const { coordinator, database, typesOf } = await made()
    await coordinator.enqueue([job('split'), job('join', 'split')])
    const [started] = await coordinator.claim(all)
    const token = started?.lease.fencingToken ?? 0
    const ask = (requestId: string, of: number) => {
      const jobs = [{ job_id: requestId, models: ['p'] }]
      const command = { type: 'enqueue', jobs, under: { job_id: 'split', token: of } }
      memoryRequest(database, command, 'default', requestId)
      return expect.poll(() => database.queues.get('default')?.inbox.get(requestId)?.answer)
    }
    await ask('stale', token + 1).toMatchObject({ ok: false, code: 'stale_token' })
    await ask('p1', token).toMatchObject({ ok: true, queued: 1 })
    expect(await typesOf('linked')).toEqual(['join', 'join'])
  })
})

describe('a job of a flow that is retried', () => {
  it('keeps its place: it comes after the same jobs, and has what came of them', async () => {
    const { coordinator, events } = await made()
    await coordinator.enqueue(diamond)
    await runAll(coordinator, 'd')
    expect(await coordinator.retryDead({ jobIds: ['d'] })).toBe(1)
    const [started] = await coordinator.claim(all)
    if (started === undefined) throw new Error('it did not start')
    const parents = await coordinator.parents(started.lease, { results: true })
    expect(parents.map(({ jobId, outcome, result }) => [jobId, outcome, result]).toSorted()).toEqual([
      ['b', 'completed', 'b'],
      ['c', 'completed', 'c'],
    ])
    expect(audit(await events()).violations).toEqual([])
  })

  it('fails again at once while the one because of which it failed is dead', async () => {
    const { coordinator } = await made()
    await coordinator.enqueue(diamond)
    await runAll(coordinator, 'b')
    expect(await coordinator.retryDead({ jobIds: ['d'] })).toBe(1)
    expect((await coordinator.dead()).map(({ jobId, code }) => [jobId, code])).toEqual([
      ['d', 'parent_failed'],
      ['b', 'handler_error'],
    ])
  })

  it('brings its descendants with it, and they run in their order', async () => {
    const { coordinator, events } = await made()
    await coordinator.enqueue([...diamond, job('e', 'd')])
    expect((await runAll(coordinator, 'a')).toSorted()).toEqual(['a', 'other', 'tidy'])
    // It came when the first had failed already: to it, that one is the cause.
    await coordinator.enqueue([job('late', 'd')])
    expect(await coordinator.retryDead({ jobIds: ['a'], descendants: true })).toBe(6)
    const ran = await runAll(coordinator)
    expect([ran[0], ran.slice(1, 3).toSorted(), ran[3], ran.slice(4).toSorted()]).toEqual([
      'a',
      ['b', 'c'],
      'd',
      ['e', 'late'],
    ])
    expect(await coordinator.dead()).toEqual([])
    expect(audit(await events()).violations).toEqual([])
  })

  it('finds its descendants also when it is no dead letter any more', async () => {
    const { coordinator } = await made()
    await coordinator.enqueue(diamond)
    await runAll(coordinator, 'a')
    await coordinator.retryDead({ jobIds: ['a'] })
    expect(await coordinator.retryDead({ jobIds: ['a'], descendants: true })).toBe(3)
    expect(await runAll(coordinator)).toHaveLength(4)
  })

  it('is in line again before those that come after it, in parts: 250 in a row, all of them', async () => {
    const { coordinator, events } = await made()
    const chain = Array.from({ length: 250 }, (_, n) => (n === 0 ? job('j0') : job(`j${n}`, `j${n - 1}`)))
    await coordinator.enqueue(chain)
    await runAll(coordinator, 'j0')
    expect(await coordinator.retryDead({ all: true })).toBe(250)
    expect(await coordinator.dead()).toEqual([])
    const again = (await events()).filter(({ type }) => type === 'queued').slice(250)
    expect(new Set(again.map(({ commandId }) => commandId)).size).toBe(4)
    expect(await runAll(coordinator)).toHaveLength(250)
  })

  it('comes once after a job that its parent had added in two attempts', async () => {
    const { coordinator, events } = await made()
    await coordinator.enqueue([job('split'), job('join', 'split')])
    const [first] = await coordinator.claim(all)
    if (first === undefined) throw new Error('it did not start')
    await coordinator.add(first.lease, [job('page')])
    await coordinator.fail(first.lease, { retryAt: new Date(0) })
    const again = new Map((await coordinator.claim(all)).map(({ spec, lease }) => [spec.jobId, lease]))
    const [split, page] = [again.get('split'), again.get('page')]
    if (split === undefined || page === undefined) throw new Error('they did not start')
    await coordinator.complete(page)
    await coordinator.add(split, [job('page')])
    await coordinator.fail(split, { retryAt: null })
    expect(await coordinator.retryDead({ jobIds: ['split'], descendants: true })).toBe(2)
    expect((await runAll(coordinator)).at(-1)).toBe('join')
    expect(audit(await events()).violations).toEqual([])
  })

  it('keeps its place also among many that are changed at once', async () => {
    const { coordinator, store } = await made()
    await coordinator.enqueue(diamond)
    await runAll(coordinator, 'a')
    const preview = await previewChange({ store }, { do: 'retry' })
    expect((await changeJobs({ store }, preview)).done).toHaveLength(4)
    expect((await runAll(coordinator)).at(-1)).toBe('d')
  })
})
