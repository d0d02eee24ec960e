/** What somebody sees who looks at a queue for the first time: everything that matters, by its whole name. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker, RetryLater } from '../../../src/engine/worker/index.ts'
import { documentOf, emptyQueue } from './history.ts'
import { fileWith, interlock } from './support.ts'

const LONG = 'models-are-shared-by-jobs-4f1c77ab-0000-4000-8000-000000000001'
const TRACEPARENT = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
const LONGER = 'models-are-shared-by-jobs-4f1c77ab-0000-4000-8000-000000000002'

let url: string
beforeAll(async () => {
  url = await emptyQueue()
})

async function joined<T>(use: (coordinator: Coordinator) => Promise<T>, at = url): Promise<T> {
  const store = postgresStore(at)
  const coordinator = await createCoordinator({ store, logger: silentLogger, leaseMs: 6_000 })
  try {
    return await use(coordinator)
  } finally {
    await coordinator.close()
    await store.close()
  }
}

const say = async (words: readonly string[], columns?: number) => {
  const { code, stdout, stderr } = await interlock([...words, '--url', url], columns ? { columns } : {})
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return stdout
}

/** Lines without colours. */
const plain = (text: string) => text.replace(/\p{Cc}\[\d+m/gu, '').split('\n')

describe('interlock status, interlock explain: a queue with long ids and a model that is paused', () => {
  beforeAll(async () => {
    await documentOf(url, ['policy', 'set', '--policy', 'by-model'])
    await joined(async (coordinator) => {
      await coordinator.enqueue([
        {
          ...{ jobId: LONG, models: ['flux-dev'], kind: 'draw', payload: { prompt: 'a fox' } },
          ...{ traceparent: TRACEPARENT, tracestate: 'vendor=1' },
        },
        { jobId: LONGER, models: ['flux-dev', 'upscale-with-a-name-that-is-long'] },
        { jobId: 'held', models: ['veo-3'] },
      ])
      await coordinator.pauseModel('veo-3', {
        reason: 'provider_down',
        until: new Date(Date.now() + 600_000),
      })
      await coordinator.pauseModel('kling', { reason: 'manual' })
    })
  })

  it.each([['status'], ['policy'], ['queue']])(
    '%s shows what is paused, why and until when',
    async (command) => {
      expect((await documentOf(url, [command])).paused).toEqual([
        {
          ...{ model: 'kling', reason: 'manual', until: null, held: 0 },
          ...{ by: expect.any(String), who: null, since: expect.any(String) },
        },
        {
          ...{ model: 'veo-3', reason: 'provider_down', until: expect.stringMatching(/^2/), held: 1 },
          ...{ by: expect.any(String), who: null, since: expect.any(String) },
        },
      ])
      const said = await say([command])
      expect(said).toMatch(/kling \(manual\) by \S+ until it is resumed/)
      expect(said).toMatch(/veo-3 \(provider_down\) by \S+ until \S+, 1 job held/)
    },
  )

  it('the doctor notes it, with what ends it', async () => {
    const { findings } = await documentOf(url, ['doctor'], 3)
    expect(findings.filter(({ check }: { check: string }) => check === 'paused')).toMatchObject([
      {
        level: 'note',
        what: expect.stringContaining('kling (manual)'),
        remedy: 'npx interlock-queue resume kling',
      },
      {
        level: 'note',
        what: expect.stringContaining('1 job held'),
        remedy: 'npx interlock-queue resume veo-3',
      },
    ])
  })

  it('a pipe has every id whole', async () => {
    for (const id of [LONG, LONGER]) expect(await say(['queue'])).toContain(id)
    expect(await say(['queue'])).not.toContain('…')
  })

  it('a terminal has lines that fit, and an id keeps 36 characters at the least', async () => {
    for (const columns of [90, 120]) {
      const lines = plain(await say(['queue'], columns))
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
      expect(lines.join('\n')).toContain(LONG.slice(0, 35))
    }
    expect(await say(['queue'], 200)).toContain(LONG)
  })

  it('an unambiguous beginning of an id is enough, and one of several names them', async () => {
    expect(await documentOf(url, ['explain', 'he'])).toMatchObject({ jobId: 'held' })
    const { code, stderr } = await interlock(['explain', 'models-are', '--url', url])
    expect(code).toBe(2)
    expect(stderr).toContain(`2 job ids begin with it: ${LONG}, ${LONGER}`)
    expect((await interlock(['cancel', 'models-are', '--url', url])).code).toBe(2)
    expect(await documentOf(url, ['move', LONG, '--before', LONGER])).toMatchObject({ before: LONGER })
  })

  it('shows what is kept of a job beside the log when asked', async () => {
    expect(await documentOf(url, ['explain', LONG, '--data'])).toMatchObject({
      state: 'waiting',
      data: { payload: { prompt: 'a fox' }, result: null, progress: null },
    })
    expect(await say(['explain', LONG, '--data'])).toMatch(/payload +\{"prompt":"a fox"\}/)
    expect(await say(['explain', LONG])).not.toContain('a fox')
    expect(await documentOf(url, ['explain', LONG, '--data'])).toMatchObject({
      data: { traceparent: TRACEPARENT, tracestate: 'vendor=1', lastTraceparent: null },
    })
    expect(await say(['explain', LONG, '--data'])).toContain(`traceparent  "${TRACEPARENT}"`)
    expect(await documentOf(url, ['explain', 'held', '--data'])).toMatchObject({ data: { payload: null } })
  })

  it('status names the workers and what each runs, and no command that has ended', async () => {
    const workers = async () => (await documentOf(url, ['status'])).workers
    expect(await workers()).toEqual([])
    await joined(async (coordinator) => {
      const release = Promise.withResolvers<void>()
      const worker = createJobWorker({ coordinator, handlers: { draw: () => release.promise } })
      worker.start()
      // What it offers goes along with its next beat.
      await expect
        .poll(workers, { timeout: 20_000 })
        .toMatchObject([{ kinds: ['draw'], freeSlots: 0, state: 'live', running: [LONG] }])
      const said = await say(['status'])
      expect(said).toMatch(/workers +1 live/)
      expect(said).toMatch(new RegExp(`^\\S+ +live +draw +1 +0 +\\d.* s +${LONG}$`, 'm'))
      expect(said).toContain('1 of 3')
      release.resolve()
      await worker.drain()
    })
  })
})

it('a whole id is found even if only the log knows it', async () => {
  const own = await emptyQueue()
  await joined(async (coordinator) => {
    await coordinator.enqueue([{ jobId: 'job-1', models: ['m'] }])
    await coordinator.cancel('job-1')
    await coordinator.enqueue([{ jobId: 'job-10', models: ['m'] }])
  }, own)
  for (const words of [
    ['cancel', 'job-1'],
    ['move', 'job-1', '--priority', '3'],
    ['retry', 'job-1'],
  ]) {
    const { code, stderr } = await interlock([...words, '--url', own])
    expect({ words, code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('job_not_live'),
    })
  }
  expect(await documentOf(own, ['explain', 'job-1'])).toMatchObject({ jobId: 'job-1', state: 'ended' })
  expect((await documentOf(own, ['queue'])).total).toBe(1)
  expect(await documentOf(own, ['cancel', 'job-10'])).toMatchObject({ jobId: 'job-10' })
  expect((await documentOf(own, ['queue'])).total).toBe(0)
})

it('dead letters are found by a prefix too', async () => {
  const own = await emptyQueue()
  await joined(async (coordinator) => {
    await coordinator.enqueue([{ jobId: '4f1c77ab', models: ['m'] }])
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started !== undefined) await coordinator.fail(started.lease, { retryAt: null })
  }, own)
  expect(await documentOf(own, ['dead', '4f1'])).toMatchObject([{ jobId: '4f1c77ab' }])
  const { stdout, stderr } = await interlock(['retry', '4f', '--url', own])
  expect({ stdout, stderr }).toEqual({
    stdout: '1 dead letter in line again\n',
    stderr: '4f: the job 4f1c77ab\n',
  })
  expect(await documentOf(own, ['explain', '4f'])).toMatchObject({ jobId: '4f1c77ab', state: 'waiting' })
  expect(await documentOf(own, ['cancel', '4f'])).toMatchObject({ jobId: '4f1c77ab' })
  expect(await documentOf(own, ['explain', '4f'])).toMatchObject({ jobId: '4f1c77ab', state: 'ended' })
})

it('counts a postponed attempt in no number, and says in every face how many there were', async () => {
  const own = await emptyQueue()
  const lines: string[] = []
  const store = postgresStore(own)
  const logger = { ...silentLogger, info: (line: string) => void lines.push(line) }
  const coordinator = await createCoordinator({ store, logger })
  const hold = Promise.withResolvers<void>()
  const waits: number[] = []
  const seen: object[] = []
  const worker = createJobWorker({
    coordinator,
    retry: (attempt) => {
      waits.push(attempt)
      return 0
    },
    handlers: {
      normal: async ({ attempt, attempts, postponed }) => {
        const begun = seen.push({ attempt, attempts, postponed })
        if (begun === 1 || begun === 3) throw new RetryLater({ seconds: 0 })
        if (begun === 2) throw new Error('boom')
        await hold.promise
      },
    },
  })
  worker.start()
  await coordinator.enqueue([{ jobId: 'a', models: ['m'], attempts: 2 }])
  await expect.poll(() => seen.length).toBe(4)
  expect(seen).toEqual([
    { attempt: 1, attempts: 2, postponed: 0 },
    { attempt: 1, attempts: 2, postponed: 1 },
    { attempt: 2, attempts: 2, postponed: 1 },
    { attempt: 2, attempts: 2, postponed: 2 },
  ])
  expect(waits).toEqual([1])
  expect(worker.metrics()).toMatchObject({ retried: 1, failed: 0 })
  expect(lines.flatMap((line) => /attempt .*(?=\))/u.exec(line)?.[0] ?? [])).toEqual([
    ...['attempt 1 of 2', 'attempt 1 of 2, postponed once', 'attempt 2 of 2, postponed once'],
    'attempt 2 of 2, postponed twice',
  ])
  const counts = { attempt: 2, attempts: 2, postponed: 2 }
  for (const command of ['status', 'queue', 'explain'])
    expect(
      (await interlock([command, ...(command === 'explain' ? ['a'] : []), '--url', own])).stdout,
    ).toContain('2 of 2, postponed twice')
  expect((await interlock(['log', '--url', own])).stdout).toMatch(/start 4 in w/)
  expect(await documentOf(own, ['status'])).toMatchObject({ active: [counts] })
  expect(await documentOf(own, ['queue'])).toMatchObject({ jobs: [counts] })
  expect(coordinator.state().active()).toMatchObject([counts])
  expect(await documentOf(own, ['verify'])).toMatchObject({ ok: true })
  hold.resolve()
  await worker.drain()
  await coordinator.close()
  await store.close()
})

it('interlock enqueue takes a file with kinds and payloads, and no seconds', async () => {
  const own = await emptyQueue()
  const file = await fileWith('w.csv', 'job_id,models,kind,payload\na,m,draw,"{""n"":1}"\nb,m,,\n')
  expect(await documentOf(own, ['enqueue', file])).toMatchObject({ queued: 2 })
  const words = ['enqueue', '--job', 'c', '--models', 'm', '--kind', 'draw', '--payload', '{"n":2}']
  await documentOf(own, words)
  expect((await documentOf(own, ['queue'])).jobs.map(({ kind }: { kind: string }) => kind)).toEqual([
    ...['draw', 'normal', 'draw'],
  ])
  expect(await documentOf(own, ['explain', 'c', '--data'])).toMatchObject({ data: { payload: { n: 2 } } })
  const { code, stderr } = await interlock(['enqueue', file, '--kind', 'x', '--url', own])
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--kind: is for one job'),
  })
})
