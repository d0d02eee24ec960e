import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker, NonRetryableError } from '../../../src/engine/worker/index.ts'
import { migratedDatabase } from '../contract/support.ts'
import { fileWith, interlock } from './support.ts'

/** Runs a command and reads its document. */
async function ask(url: string, ...words: string[]) {
  const { code, stdout, stderr } = await interlock([...words, '--url', url, '--json'])
  if (stdout === '') throw new Error(`interlock ${words.join(' ')}: exit ${code}\n${stderr}`)
  return JSON.parse(stdout)
}

/** A queue with two dead jobs: one of a model that is not there, one that failed twice. */
async function withDeadJobs(): Promise<string> {
  const url = await migratedDatabase()
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const worker = createJobWorker({
    coordinator,
    retry: () => 0,
    handlers: {
      normal: ({ jobId }) => {
        throw jobId === 'A'
          ? new NonRetryableError(`no such model${' at all'.repeat(20)}\nnowhere`)
          : new Error('boom')
      },
    },
  })
  worker.start()
  await coordinator.enqueue([
    { jobId: 'A', models: ['flux-dev'], payload: { n: 1 } },
    { jobId: 'B', models: ['motion'], attempts: 2 },
  ])
  await expect.poll(() => worker.metrics().failed).toBe(2)
  await worker.drain()
  await coordinator.close()
  await store.close()
  return url
}

interface Standing {
  readonly jobId: string
  readonly aheadSeconds: number
  readonly level: number
}

describe('interlock dead, interlock retry', () => {
  it('are listed with what went wrong, tried again, or dropped', async () => {
    const url = await withDeadJobs()
    expect(await ask(url, 'dead')).toMatchObject([
      { jobId: 'B', code: 'handler_error', attempts: 2, error: { message: 'boom' } },
      { jobId: 'A', code: 'non_retryable', attempts: 1, spec: { models: ['flux-dev'] } },
    ])
    const { stdout } = await interlock(['dead', '--model', 'flux-dev', '--since', '1h', '--url', url])
    expect(stdout).toMatch(/A +\S+ +non_retryable +1 +flux-dev +no such model( at all){20}$/m)
    const narrow = await interlock(['dead', '--url', url], { columns: 80 })
    expect(narrow.stdout.split('\n').every((line) => line.length <= 80)).toBe(true)
    expect(await ask(url, 'retry', 'A')).toEqual({ retried: 1 })
    expect(await ask(url, 'dead', '--drop', '--all')).toEqual({ dropped: 1 })
    expect(await ask(url, 'dead')).toEqual([])
    expect((await ask(url, 'queue')).jobs).toMatchObject([{ jobId: 'A' }])
  })

  it('asks which to drop: nothing is changed by a slip', async () => {
    const { code, stderr } = await interlock(['dead', '--drop', '--url', 'memory:'])
    expect(code).toBe(2)
    expect(stderr).toContain('name a job, --model, --since or --error, or say --all')
  })
})

describe('interlock move, interlock pause, interlock resume', () => {
  it('can be changed: a job moves before another, or by priority', async () => {
    const url = await migratedDatabase()
    for (const job of ['a', 'b', 'c']) await ask(url, 'enqueue', '--job', job, '--models', 'm')
    expect(await ask(url, 'move', 'c', '--before', 'a')).toMatchObject({ jobId: 'c', before: 'a' })
    const order = async () =>
      (await ask(url, 'queue')).jobs.map(({ jobId }: { jobId: string }) => jobId).join('')
    expect(await order()).toBe('cab')
    await ask(url, 'move', 'b', '--priority', '1000', '--as', 'night-shift')
    expect(await order()).toBe('bca')
    const { stdout } = await interlock(['log', '--limit', '1', '--url', url, '--json'])
    expect(JSON.parse(stdout)).toMatchObject([
      { type: 'reprioritized', workerId: expect.stringMatching(/^night-shift:w/) },
    ])
    expect((await interlock(['move', 'b', '--url', url])).stderr).toContain(
      'either --before <job> or --priority',
    )
  })

  it('shows what priority and moves are worth: how long each has waited, and what its place adds to that', async () => {
    const url = await migratedDatabase()
    for (const [job, ...more] of [['a'], ['b', '--priority', '5'], ['c', '--priority', '-1']])
      await ask(url, 'enqueue', '--job', job ?? '', '--models', 'm', ...more)
    const places = async () =>
      (await ask(url, 'queue')).jobs.map(({ jobId, aheadSeconds, level }: Standing) => [
        jobId,
        aheadSeconds,
        level,
      ])
    expect(await places()).toEqual([
      ['b', 300, 0],
      ['a', 0, 0],
      ['c', -60, 0],
    ])
    const { stdout } = await interlock(['queue', '--url', url])
    expect(stdout).toMatch(/b +m +\d.* \+ 5 min 00 s +no worker is free for it/)
    expect(stdout).toMatch(/c +m +\d.* − 1 min 00 s +in line for m, behind a/)
    await ask(url, 'move', 'c', '--before', 'b')
    const [first] = await places()
    expect(first[0]).toBe('c')
    expect(first[1]).toBeGreaterThanOrEqual(300)
    const store = postgresStore(url)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    await coordinator.setPolicy({ ageSeconds: null })
    await coordinator.close()
    await store.close()
    await ask(url, 'enqueue', '--job', 'd', '--models', 'm', '--priority', '2')
    expect((await places()).find(([jobId]: [string]) => jobId === 'd')).toEqual(['d', 0, -2])
    expect((await interlock(['queue', '--url', url])).stdout).toMatch(/d +m +\d.*, level -2/)
  })

  it('leaves out a model that is paused, and says so', async () => {
    const url = await migratedDatabase()
    await ask(url, 'enqueue', '--job', 'a', '--models', 'flux-dev')
    const before = Date.now()
    const paused = await ask(url, 'pause', 'flux-dev', '--for', '10m', '--reason', 'provider_down')
    expect(Date.parse(paused.until)).toBeGreaterThan(before + 590_000)
    expect((await ask(url, 'queue')).jobs).toMatchObject([
      { jobId: 'a', reason: expect.stringMatching(/flux-dev is paused/) },
    ])
    expect(await ask(url, 'resume', 'nomodel')).toMatchObject({ model: 'nomodel', wasPaused: false })
    expect((await interlock(['resume', 'nomodel', '--url', url])).stdout).toBe(
      'model nomodel was not paused\n',
    )
    expect(await ask(url, 'resume', 'flux-dev')).toMatchObject({
      ...{ model: 'flux-dev', waitingCount: 1, wasPaused: true },
    })
    expect((await ask(url, 'queue')).jobs).toMatchObject([{ jobId: 'a', code: 'no_worker' }])
    expect((await interlock(['pause', 'm', '--for', 'ever', '--url', url])).stderr).toContain(
      '--for ever: must be',
    )
  })
})

describe('interlock queue', () => {
  it('says of every job what explain says', async () => {
    const url = await migratedDatabase()
    await ask(url, 'policy', 'set', '--policy', 'by-model', '--rate', 'r=1/3600', '--age', '60')
    const store = postgresStore(url)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    await coordinator.enqueue([{ jobId: 'first', models: ['r'] }])
    const [first] = await coordinator.claim({ max: 1, kinds: null })
    if (first !== undefined) await coordinator.complete(first.lease)
    await coordinator.enqueue([{ jobId: 'limited', models: ['r'] }])
    await coordinator.enqueue([{ jobId: 'k1', models: ['k'] }])
    await coordinator.claim({ max: 1, kinds: null })
    await coordinator.enqueue([{ jobId: 'k2', models: ['k'] }])
    await coordinator.pauseModel('p', { reason: 'manual' })
    await coordinator.enqueue([{ jobId: 'paused', models: ['p'] }])
    await coordinator.enqueue([{ jobId: 'r1', models: ['m'] }])
    await coordinator.enqueue([{ jobId: 'r2', models: ['m'], priority: 5 }])
    await coordinator.close()
    await store.close()
    const { jobs } = await ask(url, 'queue')
    const codes = Object.fromEntries(
      jobs.map((job: { jobId: string; code: string }) => [job.jobId, job.code]),
    )
    expect(codes).toMatchObject({
      limited: 'rate_limited',
      k1: 'lost',
      k2: 'model_in_use',
      paused: 'model_paused',
      r1: 'behind_in_line',
      r2: 'no_worker',
    })
    for (const { jobId, code, reason, blockedBy } of jobs.filter(
      (job: { code: string }) => job.code !== null,
    ))
      expect(await ask(url, 'explain', jobId)).toMatchObject({ code, reason, blockedBy })
    const { stdout } = await interlock(['queue', '--url', url])
    expect(stdout).toMatch(/limited .* over a rate until \d/)
    expect(stdout).toMatch(/paused .* p is paused/)
    expect(stdout).toMatch(/r1 .* in line for m, behind r2/)
  })
})

describe('interlock policy set, interlock policy show', () => {
  it('changes every rule, and says them', async () => {
    const url = await migratedDatabase()
    const flags = [
      ...['--hold', 'flux-dev=120', '--rate', 'veo-3=5/60', '--age', 'none', '--spacing', '30'],
      ...['--share-waiting', '100', '--share-active', '4', '--offer', '5000', '--empty-set', 'exclusive'],
    ]
    expect(await ask(url, 'policy', 'set', ...flags)).toMatchObject({
      ageSeconds: null,
      holdAfterLossSeconds: { 'flux-dev': 120 },
      rate: { 'veo-3': { starts: 5, perSeconds: 60 } },
      fairShare: { spacingSeconds: 30, maxWaiting: 100, maxActive: 4 },
      offerMs: 5_000,
      emptySet: 'exclusive',
    })
    const { stdout } = await interlock(['policy', '--url', url])
    for (const line of [
      'higher priority always goes first',
      'a job that no worker takes keeps its position for 5.0 s',
      'a job without models runs alone',
      'flux-dev paused for 120 s after a loss',
      'at most 5 starts of veo-3 in 60 s',
      '30 s further back per waiting job of the same fair key, at most 100 waiting per fair key, at most 4 active per fair key',
      'events archived after 30 days',
    ])
      expect(stdout).toContain(line)
    expect((await interlock(['status', '--url', url])).stdout).toMatch(
      /policy {3}one job at once, .* and 3 more rules/,
    )
  })

  it('leaves what is not named as it is, whatever --policy says', async () => {
    const url = await migratedDatabase()
    const flags = ['--capacity', 'm=2', '--rate', 'm=5/60', '--hold', 'm=9', '--retention', 'none']
    const before = await ask(url, 'policy', 'set', ...flags)
    expect(await ask(url, 'policy', 'set', '--policy', 'by-model')).toEqual({ ...before, maxActive: null })
    expect(await ask(url, 'policy', 'set', '--policy', 'serial')).toEqual({ ...before, maxActive: 1 })
  })

  it('takes back what was set for a model, and a fair share of which nothing is left', async () => {
    const url = await migratedDatabase()
    const some = ['--capacity', 'm=2', '--rate', 'm=5/60', '--hold', 'm=9', '--spacing', '30']
    await ask(url, 'policy', 'set', ...some, '--capacity', 'n=3')
    const none = ['--capacity', 'm=none', '--rate', 'm=none', '--hold', 'm=none', '--spacing', '0']
    expect(await ask(url, 'policy', 'set', ...none)).toMatchObject({
      capacity: { n: 3 },
      rate: {},
      holdAfterLossSeconds: {},
      fairShare: null,
    })
  })
})

describe('interlock work', () => {
  it('runs the handlers of a file until it is told to stop', async () => {
    const url = await migratedDatabase()
    const handler = await fileWith('handlers.mjs', 'export default { normal: (job) => ({ ran: job.jobId }) }')
    await ask(url, 'enqueue', '--job', 'a', '--models', 'm')
    const stop = new AbortController()
    const working = interlock(['work', '--handler', handler, '--url', url], { signal: stop.signal })
    const waiting = async () =>
      (await ask(url, 'status')).waitingCount + (await ask(url, 'status')).activeCount
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0)
    stop.abort()
    const { code, stderr } = await working
    expect(code).toBe(0)
    expect(stderr).toContain('working on queue default')
    expect(stderr).toContain('drained: 0 jobs ended')
  })

  it('takes what the file says of its worker and its lease, and tells a program what came of it', async () => {
    const url = await migratedDatabase()
    const text =
      'export default { intake: true, leaseMs: 45_000, serves: ["h:*"], keeps: 2, handlers: { normal: () => null } }'
    const handler = await fileWith('handlers.mjs', text)
    const stop = new AbortController()
    const working = interlock(['work', '--handler', handler, '--json', '--url', url], { signal: stop.signal })
    const workers = async () => (await ask(url, 'status')).workers
    await expect.poll(async () => (await workers()).length, { timeout: 20_000 }).toBe(1)
    const [{ beatAt, expiresAt }] = await workers()
    expect(Date.parse(expiresAt) - Date.parse(beatAt)).toBe(45_000)
    await expect.poll(workers).toMatchObject([{ serves: ['h:*'], keeps: 2 }])
    const { stdout } = await interlock(['status', '--url', url])
    expect(stdout).toMatch(/jobs +serves +keeps\n(.*\n)?.* h:\* +2\n/)
    stop.abort()
    expect(JSON.parse((await working).stdout)).toEqual({ finished: 0, givenBack: 0 })
  })

  it.each([
    ['is missing', undefined, 'there is no such file'],
    ['does not load', 'throw new Error("no key")', 'cannot be loaded: no key'],
    ['exports nothing', 'export const x = 1', 'has no default export with handlers'],
    ['exports what is no handler', 'export default { normal: 7 }', 'handlers["normal"]: must be a function'],
  ])('says what is wrong with a file that %s', async (_, text, message) => {
    const handler = text === undefined ? '/nowhere/handlers.mjs' : await fileWith('handlers.mjs', text)
    const { code, stderr } = await interlock(['work', '--handler', handler, '--url', 'memory:'])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
