/** Jobs that are enqueued `once`: their ids stay taken when they have ended. */
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { Retention } from '../../../src/engine/coordinator/maintenance/retention.ts'
import { emptyLedger } from '../../../src/engine/core/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { join } from './support.ts'

const all = { max: 1_000, kinds: null }
const MINUTE = 60_000_000
const job = { jobId: 'invoice', models: ['printer'], payload: { pages: 2, copies: 1 }, once: '24m' as const }

/** Two processes over one database, whose clock goes on when the test says so. */
async function two() {
  const clock = { minutes: 0 }
  const began = Date.now() * 1_000
  const database = memoryDatabase(() => began + clock.minutes * MINUTE)
  const store = memoryStore(database)
  const coordinators = [memoryStore(database), memoryStore(database)].map((each) =>
    join({ store: each, leaseMs: 3_600_000 }),
  )
  const [first, second] = (await Promise.all(coordinators)) as [Coordinator, Coordinator]
  return { clock, store, first, second }
}

async function completeAll(coordinator: Coordinator): Promise<void> {
  for (const { lease } of await coordinator.claim(all)) await coordinator.complete(lease)
}

describe('a job that was enqueued once, and has ended', () => {
  it('is known to every process: the same again changes nothing, another one is refused', async () => {
    const { store, first, second } = await two()
    expect(await first.enqueue([job])).toMatchObject({ queued: 1, known: [] })
    await completeAll(first)
    const { version } = await store.read('default', 0, 1)
    const again = { ...job, payload: { copies: 1, pages: 2 } }
    for (const coordinator of [first, second])
      expect(await coordinator.enqueue([again])).toMatchObject({ queued: 0, known: ['invoice'], waiting: [] })
    // How long it is asked for says nothing of what the job is, and a caller without a payload leaves it as it is.
    const { payload: _, ...bare } = job
    expect(await second.enqueue([{ ...bare, once: 'for ever' }])).toMatchObject({ known: ['invoice'] })
    const other = second.enqueue([{ ...job, payload: { pages: 3 } }])
    await expect(other).rejects.toMatchObject({
      code: 'job_exists',
      message: /another payload.*wait until 2/,
    })
    const spec = second.enqueue([{ ...job, priority: 1 }])
    await expect(spec).rejects.toMatchObject({ code: 'job_exists', message: /another spec/ })
    expect((await store.read('default', 0, 1)).version).toBe(version)
  })

  it('runs again when its time is over, counted from when it was put in line', async () => {
    const { clock, first, second } = await two()
    await first.enqueue([job])
    clock.minutes = 20
    await completeAll(first)
    clock.minutes = 23
    expect(await second.enqueue([job])).toMatchObject({ queued: 0, known: ['invoice'] })
    clock.minutes = 25
    expect(await second.enqueue([job])).toMatchObject({ queued: 1, known: [] })
    await completeAll(second)
    clock.minutes = 48
    expect(await first.enqueue([job])).toMatchObject({ queued: 0, known: ['invoice'] })
  })

  it('is answered alike, and runs no second time, if another job stood for it, also when that has ended', async () => {
    const { clock, store, first, second } = await two()
    const dedupe = { key: 'k', while: 'live' } as const
    const asked = { ...job, dedupe }
    await first.enqueue([{ jobId: 'other', models: ['printer'], dedupe }])
    const answer = { queued: 0, known: [], jobs: [{ jobId: 'invoice', standsFor: 'other' }] }
    expect(await first.enqueue([asked])).toMatchObject(answer)
    await completeAll(first)
    const { version } = await store.read('default', 0, 1)
    for (const coordinator of [first, second])
      expect(await coordinator.enqueue([asked])).toMatchObject(answer)
    const refused = second.enqueue([{ ...asked, payload: { pages: 3 } }])
    await expect(refused).rejects.toMatchObject({ code: 'job_exists', message: /another payload/ })
    expect((await store.read('default', 0, 1)).version).toBe(version)
    // Among others, and in the same breath as the job that stands for it.
    const twin = { jobId: 'twin', models: ['m'], once: '24m', dedupe: { key: 'l', while: 'live' } } as const
    expect(await second.enqueue([asked, { ...twin, jobId: 'stand-in' }, twin])).toMatchObject({
      queued: 1,
      jobs: [answer.jobs[0], { jobId: 'stand-in' }, { jobId: 'twin', standsFor: 'stand-in' }],
    })
    clock.minutes = 25
    expect(await second.enqueue([asked])).toMatchObject({ queued: 1, jobs: [{ jobId: 'invoice' }] })
    expect(audit((await store.read('default', 0, 1_000)).events).violations).toEqual([])
  })

  it('is known among others that are put in line with it', async () => {
    const { first, second } = await two()
    await first.enqueue([job])
    await completeAll(first)
    const many = [...'abc'].map((jobId) => ({ ...job, jobId }))
    expect(await second.enqueue([...many, job])).toMatchObject({ queued: 3, known: ['invoice'] })
    const refused = second.enqueue([
      { ...job, jobId: 'd' },
      { ...job, models: ['other'] },
    ])
    await expect(refused).rejects.toMatchObject({ code: 'job_exists' })
    expect(second.state().waitingCount + second.state().activeCount).toBe(3)
  })

  it('is asked of no job that comes without: then the id is free, as ever', async () => {
    const { first } = await two()
    await first.enqueue([job])
    await completeAll(first)
    const { once: _, ...plain } = job
    expect(await first.enqueue([plain])).toMatchObject({ queued: 1 })
    // While that one is live, it is the same job.
    expect(await first.enqueue([job])).toMatchObject({ queued: 0, known: ['invoice'] })
    await completeAll(first)
    expect(await first.enqueue([job])).toMatchObject({ queued: 0, known: ['invoice'] })
  })

  it('is known when the log knows nothing of it any more', async () => {
    const { store, first, second } = await two()
    await first.enqueue([{ ...job, once: 'for ever' }])
    for (const { lease } of await first.claim(all)) await first.fail(lease, { retryAt: null })
    expect(await first.dropDead({ all: true })).toBe(1)
    const policy = { ...first.state().policy, retentionDays: 30, archive: 'drop' } as const
    const cut = new Retention({
      store,
      queue: 'default',
      ledger: () => ({ ...emptyLedger, policy }),
      now: () => first.now() + 31 * 24 * 60 * MINUTE,
      failures: { note: expect.unreachable },
    })
    expect(await cut.carryOut()).toBeGreaterThan(0)
    expect(await second.enqueue([job])).toMatchObject({ queued: 0, known: ['invoice'] })
    await expect(second.enqueue([{ ...job, kind: 'other' }])).rejects.toMatchObject({ code: 'job_exists' })
  })

  it('runs again when a person retries it, which takes its id no longer than before', async () => {
    const { clock, store, first, second } = await two()
    await first.enqueue([job])
    for (const { lease } of await first.claim(all)) await first.fail(lease, { retryAt: null })
    clock.minutes = 10
    expect(await second.retryDead({ jobIds: ['invoice'] })).toBe(1)
    expect(await second.enqueue([job])).toMatchObject({ known: ['invoice'] })
    await completeAll(first)
    expect(await second.enqueue([job])).toMatchObject({ queued: 0, known: ['invoice'] })
    clock.minutes = 25
    expect(await second.enqueue([job])).toMatchObject({ queued: 1 })
    expect(audit((await store.read('default', 0, 1_000)).events).violations).toEqual([])
  })
})

describe('commands that are decided together', () => {
  it('have each their answer where one process carries out those of another', async () => {
    const { store, first, second } = await two()
    for (let round = 0; round < 10; round++) {
      const many = [...'abc'].map((name) => ({ ...job, jobId: `${name}-${round}`, models: [name] }))
      const other = many.map((each) => ({ ...each, priority: 7 }))
      const load = [first, second].flatMap((each) =>
        [1, 2, 3].map((n) => each.enqueue([{ jobId: `${n}-${each.workerId}-${round}`, models: ['m'] }])),
      )
      const [one, two] = await Promise.all([first.enqueue(many), second.enqueue(many), ...load])
      expect([one, two].map((answer) => (answer as { queued: number }).queued).toSorted()).toEqual([0, 3])
      await Promise.all(many.map(({ jobId }) => first.cancel(jobId)))
      const later = await Promise.allSettled([
        ...[first, second].map((each) => each.enqueue(many)),
        ...[first, second].map((each) => each.enqueue(other)),
        ...[first, second].map((each, n) => each.enqueue([{ jobId: `more-${n}-${round}`, models: ['m'] }])),
      ])
      expect(later.slice(0, 4)).toMatchObject([
        { value: { queued: 0 } },
        { value: { queued: 0 } },
        { reason: { code: 'job_exists' } },
        { reason: { code: 'job_exists' } },
      ])
    }
    const { events } = await store.read('default', 0, 10_000)
    expect(audit(events).violations).toEqual([])
    const queued = events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : []))
    expect(new Set(queued).size).toBe(queued.length)
  })
})

describe('a call that asks for it wrongly', () => {
  it.each(['24', '1.5h', '0h', '366d', 'forever', '', ' 1h', 60, true])('is refused: %j', async (once) => {
    const { first } = await two()
    const refused = first.enqueue([{ ...job, once: once as '24h' }])
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      message: /jobs\[0\]\.once: must be a time/,
    })
  })

  it.each(['1s', '90m', '24h', '365d', 'for ever', null] as const)('is carried out: %j', async (once) => {
    const { first } = await two()
    expect(await first.enqueue([{ ...job, once }])).toMatchObject({ queued: 1 })
  })
})
