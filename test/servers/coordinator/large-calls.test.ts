// Long, waits 25 s: processes that are killed, and what they leave.
/**
 * A call of more jobs than one append should bring: all or none, in parts (`job_queue_submit_call`, `job_queue_submitted_call`), also if its
 * process dies on the way.
 */
import { describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { Micros } from '../../../src/engine/core/index.ts'
import {
  type EnqueueInput,
  parseJobs,
  parseSubmission,
  submissionOf,
} from '../../../src/engine/events/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { type MemoryDatabase, memoryDatabase } from '../../../src/engine/store/memory/database.ts'
import { memoryRequest, memorySubmit } from '../../../src/engine/store/memory/inbox.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { auditLog } from '../../../src/tools/audit/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { atEnd, eventually } from '../../support/this-test.ts'
import { connection } from '../contract/support.ts'
import { join, memoryStore } from './support.ts'

const COUNT = 1_100
const PARTS = 5
const jobsOf = (prefix: string, count = COUNT) =>
  Array.from({ length: count }, (_, n) => ({ jobId: `${prefix}-${n}`, models: ['m'], payload: { n } }))
const idsOf = (jobs: readonly { readonly jobId: string }[]): string[] => jobs.map(({ jobId }) => jobId)

/** A queue, and how long its jobs are reserved for the process that puts them in line. */
interface Scene {
  /** Of one more process. */
  readonly store: () => LogStore
  /** For what the test reads. */
  readonly log: LogStore
  /** Until {@link pass}, however long that takes. */
  readonly hold: () => Promise<void>
  readonly pass: () => Promise<void>
}

function inMemory(database: MemoryDatabase): Scene {
  const reserve = async (until: Micros) => {
    const { submissions, inbox } = database.queues.get('default') ?? expect.unreachable()
    for (const row of [...submissions.values(), ...inbox.values()]) row.takenUntil = until
  }
  return {
    store: () => memoryStore(database),
    log: memoryStore(database),
    hold: () => reserve(Number.POSITIVE_INFINITY),
    pass: () => reserve(0),
  }
}

/** Nothing here is about how long a server takes to accept a connection: that is as long as it likes. */
const UNHURRIED = { connectionTimeoutMillis: 0 }

const scenes: Readonly<Record<string, () => Promise<Scene>>> = {
  'in memory': async () => inMemory(memoryDatabase()),
  'on PostgreSQL': async () => {
    const url = await createDatabase('large', 'migrated')
    const client = await connection(url)
    const store = () => {
      const made = postgresStore({ connectionString: url, ...UNHURRIED })
      atEnd(() => made.close())
      return made
    }
    const reserve = async (until: string | null) => {
      for (const table of ['submissions', 'inbox'])
        await client.query(`update interlock.job_queue_${table} set taken_until = $1`, [until])
    }
    return { store, log: store(), hold: () => reserve('infinity'), pass: () => reserve(null) }
  },
}

/** What each append has brought: the ids of the jobs that it has put in line. */
async function partsIn(store: LogStore): Promise<readonly (readonly string[])[]> {
  const parts = new Map<string, string[]>()
  const { events } = await store.read('default', 0, 10_000)
  for (const event of events)
    if (event.type === 'queued')
      parts.set(event.commandId, [...(parts.get(event.commandId) ?? []), event.jobId])
  return [...parts.values()]
}

async function checkSound(store: LogStore): Promise<void> {
  expect(await verify({ store })).toMatchObject({ ok: true, differences: [] })
  expect((await auditLog({ store })).violations).toEqual([])
}

/** A store whose process is killed right before its n-th append of a part, or right before that is answered. */
function killedAt(store: LogStore, at: number, when: 'append' | 'answer') {
  const { promise: killed, resolve: kill } = Promise.withResolvers<void>()
  const gone = new Promise<never>(() => {})
  let parts = 0
  let isKilled = false
  const die = () => {
    isKilled = true
    kill()
    return gone
  }
  const append: LogStore['append'] = async (request) => {
    if (isKilled) return gone
    const isPart = request.events.some((event) => event.type === 'queued' && event.submission !== undefined)
    if (!isPart || parts++ !== at) return store.append(request)
    if (when === 'append') return die()
    await store.append(request)
    return die()
  }
  const silent =
    <Args extends unknown[], Out>(call: (...args: Args) => Promise<Out>) =>
    (...args: Args) =>
      isKilled ? gone : call(...args)
  const { incoming, settle, submittedCall, beat } = store
  const dying = {
    ...store,
    append,
    incoming: silent(incoming),
    settle: silent(settle),
    submittedCall: silent(submittedCall),
    beat: silent(beat),
  }
  return { store: dying, killed }
}

async function endAll(coordinator: Coordinator, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const [started] = await coordinator.claim({ max: 1 })
    if (started !== undefined) await coordinator.complete(started.lease)
  }
}

describe.concurrent.each(Object.entries(scenes))('a call of many jobs, %s', (_, open) => {
  it('comes into line in its order, in parts of 250 at most, each with its payload', async () => {
    const scene = await open()
    const store = scene.store()
    const coordinator = await join({ store })
    await coordinator.setPolicy('by-model')
    const jobs = jobsOf('job')
    const { queued, known, waiting } = await coordinator.enqueue(jobs)
    expect([queued, known, waiting.length]).toEqual([COUNT, [], COUNT - 1])
    const parts = await partsIn(store)
    expect(parts.flat()).toEqual(idsOf(jobs))
    expect(parts.map((part) => part.length)).toEqual([250, 250, 250, 250, 100])
    expect((await coordinator.data(['job-599']))[0]?.payload).toEqual({ n: 599 })
    expect(await coordinator.enqueue(jobs)).toMatchObject({ queued: 0, known: idsOf(jobs) })
    await checkSound(store)
  })

  it.each([
    [0, 'append'],
    [1, 'append'],
    [1, 'answer'],
    [2, 'answer'],
  ] as const)(
    'is whole though its process is killed at part %i, before the %s, and the call is repeated (job_queue_submitted_call)',
    async (part, when) => {
      const scene = await open()
      const { store, killed } = killedAt(scene.store(), part, when)
      const dying = await createCoordinator({ store, pollMs: 60_000, logger: silentLogger })
      void dying.enqueue(jobsOf('job'), { requestId: 'call-1' }).catch(() => {})
      await killed
      const other = await join({ store: scene.store(), pollMs: 60_000 })
      await endAll(other, 2)
      await scene.pass()
      const { queued, known } = await other.enqueue(jobsOf('job'), { requestId: 'call-1' })
      expect([queued, known]).toEqual([COUNT, []])
      const parts = await partsIn(scene.log)
      expect(parts.flat().toSorted()).toEqual(idsOf(jobsOf('job')).toSorted())
      expect(parts).toHaveLength(PARTS)
      await endAll(other, 2)
      expect(await other.enqueue(jobsOf('job'), { requestId: 'call-1' })).toMatchObject({ queued: COUNT })
      expect((await partsIn(scene.log)).flat()).toHaveLength(COUNT)
      await checkSound(scene.log)
    },
  )

  it.each(['is repeated', 'is left to others'])(
    'follows the job that stands for a parent, though its process is killed behind it and the call %s',
    async (how) => {
      const scene = await open()
      const { store, killed } = killedAt(scene.store(), 1, 'append')
      const dying = await createCoordinator({ store, pollMs: 60_000, logger: silentLogger })
      const dedupe = { key: 'picture', while: 'live' } as const
      await dying.enqueue([{ jobId: 'first', models: ['m'], dedupe }])
      const [parent, ...rest] = jobsOf('job')
      const child = { jobId: 'child', models: ['m'], after: ['job-0'] }
      const jobs = [{ ...(parent ?? expect.unreachable()), dedupe }, ...rest, child]
      void dying.enqueue(jobs, { requestId: 'call-1' }).catch(() => {})
      await killed
      const other = await join({ store: scene.store(), pollMs: how === 'is repeated' ? 60_000 : 20 })
      await scene.pass()
      if (how === 'is repeated') await other.enqueue(jobs, { requestId: 'call-1' })
      await eventually(async () => (await other.explain('child'))?.parents.map(({ jobId }) => jobId)).toEqual(
        ['first'],
      )
      await checkSound(scene.log)
    },
  )

  it('needs no race with processes beside it, also with payloads that are sent ahead', async () => {
    const scene = await open()
    const beside = await Promise.all([1, 2].map(() => join({ store: scene.store() })))
    const coordinator = await join({ store: scene.store() })
    const jobs = jobsOf('job').map((job) => ({ ...job, payload: 'x'.repeat(500) }))
    const claims = beside.map((other) => other.claim({ max: 1 }))
    const [answer] = await Promise.all([coordinator.enqueue(jobs), ...claims])
    expect(answer.queued).toBe(COUNT)
    expect(Math.max(...(await partsIn(scene.log)).map((part) => part.length))).toBeLessThanOrEqual(70)
    await checkSound(scene.log)
  })

  it('leaves nothing behind when it is refused (job_queue_submit_call)', async () => {
    const scene = await open()
    const store = scene.store()
    const coordinator = await join({ store })
    await coordinator.setPolicy({ models: { m: {} } })
    await coordinator.enqueue([
      { jobId: 'job-599', models: ['m'], payload: 'another' },
      { jobId: 'o', models: ['m'], once: '1h' },
    ])
    await coordinator.cancel('o')
    const { version } = await store.read('default', 0, 1)
    const jobs = jobsOf('job')
    const calls: readonly (readonly [readonly EnqueueInput[], string])[] = [
      [jobs, 'job_exists'],
      [[...jobs.slice(0, 598), { jobId: 'x', models: ['unheard'] }], 'unknown_model'],
      [[...jobs.slice(0, 598), { jobId: 'x', models: ['m'], after: ['y'] }], 'parent_unknown'],
      [
        [
          ...jobs.slice(0, 598),
          { jobId: 'x', models: ['m'], after: ['y'] },
          { jobId: 'y', models: ['m'], after: ['x'] },
        ],
        'flow_cycle',
      ],
      [[...jobs.slice(0, 598), { jobId: 'o', models: ['m'], once: '1h', tag: 'other' }], 'job_exists'],
    ]
    for (const [call, code] of calls) await expect(coordinator.enqueue(call)).rejects.toMatchObject({ code })
    expect((await store.read('default', 0, 1)).version).toBe(version)
    expect(await store.submissions('default', 0)).toEqual([])
    await coordinator.enqueue(jobsOf('a'), { requestId: 'one' })
    await expect(coordinator.enqueue(jobsOf('b'), { requestId: 'one' })).rejects.toMatchObject({
      code: 'command_reused',
    })
  })

  it('is submitted as far as it is not in line, and the rest follows by itself', async () => {
    const scene = await open()
    const { store, killed } = killedAt(scene.store(), 1, 'append')
    const caller = await createCoordinator({ store, pollMs: 60_000, logger: silentLogger })
    void caller.enqueue(jobsOf('job')).catch(() => {})
    await killed
    await scene.hold()
    const other = await join({ store: scene.store(), pollMs: 20 })
    expect((await other.explain('job-249'))?.state).toBe('waiting')
    expect((await other.explain('job-250'))?.state).toBe('submitted')
    await scene.pass()
    await other.enqueue(jobsOf('other'), { requestId: 'looks' })
    await eventually(async () => (await partsIn(scene.log)).flat().length).toBe(2 * COUNT)
    await checkSound(scene.log)
  })
})

it('a call by SQL is one too, and is answered when all are in line', async () => {
  const database = memoryDatabase()
  const coordinator = await join({ store: memoryStore(database) })
  const jobs = jobsOf('job').map(({ jobId, ...job }) => ({ ...job, job_id: jobId }))
  const id = memoryRequest(database, { type: 'enqueue', jobs: jobs as never })
  const { inbox } = database.queues.get('default') ?? expect.unreachable()
  await eventually(() => inbox.get(id)?.answer).toMatchObject({ ok: true, queued: COUNT, known: [] })
  expect((await partsIn(memoryStore(database))).map((part) => part.length)).toEqual([250, 250, 250, 250, 100])
  await coordinator.close()
})

it('jobs that SQL submits come in by parts, too', async () => {
  const database = memoryDatabase()
  const store = memoryStore(database)
  await store.open('default')
  memorySubmit(
    database,
    jobsOf('job').map(({ jobId, models }) => ({ job_id: jobId, models: [...models] })),
  )
  const coordinator = await join({ store })
  await eventually(() => coordinator.state().waitingCount).toBe(COUNT)
  expect((await partsIn(store)).map((part) => part.length)).toEqual([250, 250, 250, 250, 100])
})

it('a call under an id is remembered also if all of its jobs were there', async () => {
  const coordinator = await join()
  await coordinator.enqueue([{ jobId: 'a', models: [] }])
  const call = () => coordinator.enqueue([{ jobId: 'a', models: [] }], { requestId: 'one' })
  expect(await call()).toMatchObject({ queued: 0, known: ['a'] })
  await coordinator.cancel('a')
  expect(await call()).toMatchObject({ queued: 0, known: ['a'] })
  await coordinator.close()
  await expect(coordinator.enqueue(jobsOf('late'))).rejects.toMatchObject({ code: 'closed' })
})

it('what a handler adds in parts comes before what comes after its own job', async () => {
  const store = memoryStore()
  const coordinator = await join({ store })
  await coordinator.setPolicy('by-model')
  await coordinator.enqueue([
    { jobId: 'split', models: [] },
    { jobId: 'join', models: [], after: ['split'] },
  ])
  const [started] = await coordinator.claim({ max: 1 })
  const { lease } = started ?? expect.unreachable()
  const pages = Array.from({ length: COUNT }, (_, n) => ({ jobId: `page-${n}`, models: ['ocr'] }))
  expect(await coordinator.add(lease, pages)).toMatchObject({ queued: COUNT, known: [] })
  expect(await coordinator.add(lease, pages)).toMatchObject({ queued: 0, known: idsOf(pages) })
  await coordinator.complete(lease)
  expect(await coordinator.explain('join')).toMatchObject({ code: 'waits_for_parents' })
  expect((await partsIn(store)).slice(1).map((part) => part.length)).toEqual([250, 250, 250, 250, 100])
  const [next] = await coordinator.claim({ max: 1 })
  await coordinator.complete(next?.lease ?? expect.unreachable())
  await expect(coordinator.add(lease, jobsOf('late'))).rejects.toMatchObject({ code: 'job_not_active' })
  await checkSound(store)
})

it('one parent with 8,000 children, and one job after 5,000 others', async () => {
  const store = memoryStore()
  const coordinator = await join({ store })
  const children = Array.from({ length: 8_000 }, (_, n) => ({
    jobId: `c-${n}`,
    models: ['m'],
    after: ['root'],
  }))
  expect(await coordinator.enqueue([...children, { jobId: 'root', models: ['m'] }])).toMatchObject({
    queued: 8_001,
  })
  const many = Array.from({ length: 5_000 }, (_, n) => ({ jobId: `p-${n}`, models: ['m'] }))
  const last = { jobId: 'last', models: ['m'], after: idsOf(many) }
  expect(await coordinator.enqueue([last, ...many])).toMatchObject({ queued: 5_001 })
  const { events } = await store.read('default', 0, 10_000)
  expect(events.find(({ type }) => type === 'queued')).toMatchObject({ jobId: 'root' })
  expect((await coordinator.explain('last'))?.code).toBe('waits_for_parents')
})

/** Every kind of job that a call may have, by number. */
function mixed(n: number): Partial<EnqueueInput> {
  const kinds: readonly Partial<EnqueueInput>[] = [
    {},
    { once: '1h' },
    { once: 'for ever', payload: { n } },
    { dedupe: { key: `key-${n % 3}`, while: 'waiting' } },
    { dedupe: { key: `w-${n % 3}`, while: { within: '90m' } }, once: '2d' },
    { dedupe: { key: `d-${n % 3}`, while: 'live', debounce: { delay: '5s', maxDelay: '1m' } }, payload: n },
    { after: [`job-${n - 1}`, { job: `job-${n - 6}`, ifFailed: 'continue' }] },
    { modes: { m: 'exclusive' }, priority: -3, tag: 'red', fairKey: 'ann' },
    {
      models: ['m', 'k'],
      runAt: new Date(Date.UTC(2027, 1, 3, 4, 5, 6, 789)),
      attempts: 7,
      timeoutMs: 5,
      expireMs: 9,
    },
    { kind: 'x', jobType: 'workflow', uses: { tokens: 4 }, asks: { m: { vram: 3 } } },
    { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' },
  ]
  return kinds[n % kinds.length] ?? {}
}

const allKinds = (count: number): EnqueueInput[] =>
  Array.from({ length: count }, (_, n) => ({ jobId: `job-${n}`, models: ['m'], ...mixed(n) }))
const withoutUnits = (count: number): EnqueueInput[] => allKinds(count).map((job) => ({ ...job, asks: null }))

it('a submitted job is read as the job that it was made of', () => {
  const jobs = parseJobs(allKinds(100))
  const read = jobs.map((job) => parseSubmission(JSON.parse(JSON.stringify(submissionOf(job)))))
  expect(read).toEqual(jobs)
})

it('is answered as one of few jobs is', async () => {
  const answers = await Promise.all(
    [undefined, 'call-1'].map(async (requestId) => {
      const coordinator = await join({ store: memoryStore() })
      await coordinator.setPolicy('by-model')
      await coordinator.enqueue(withoutUnits(40).slice(8, 20))
      await coordinator.cancel('job-12')
      const jobs = [...withoutUnits(40), withoutUnits(40)[3] ?? expect.unreachable()]
      const { waiting, known, ...answer } = await coordinator.enqueue(
        jobs,
        requestId === undefined ? {} : { requestId },
      )
      // Those that were debounced are due a moment later.
      const why = waiting.map(({ jobId, code, blockedBy }) => `${jobId} ${code} ${blockedBy}`)
      return { ...answer, known: known.toSorted(), why: why.toSorted() }
    }),
  )
  expect(answers[1]).toEqual(answers[0])
})
