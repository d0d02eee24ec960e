/** Jobs found by what they are; and cancelled, moved and retried together, after a look and a question. */
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../../src/apps/cli/program.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { explain, type FoundState, jobs } from '../../../src/tools/operate/index.ts'
import { afterEachFile } from '../../support/hooks.ts'
import { join } from '../coordinator/support.ts'
import { documentOf, emptyQueue, logOf } from './history.ts'
import { interlock, type Spoken } from './support.ts'

const ids = ({ jobs: found }: { jobs: readonly { jobId: string }[] }) => found.map(({ jobId }) => jobId)

const close: (() => Promise<void>)[] = []
afterEachFile(async () => {
  for (const each of close.splice(0)) await each()
})

/** Two customers, two kinds, two models; `a1` runs, in a process that stays, and `dead` is dead. */
async function queueOfTwo() {
  const url = await emptyQueue()
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([{ jobId: 'dead', models: ['m'], kind: 'draw', fairKey: 'acme' }])
  const [dead] = await coordinator.claim({ max: 1, kinds: null })
  if (dead !== undefined) await coordinator.fail(dead.lease, { retryAt: null, error: { message: 'no' } })
  await coordinator.enqueue([
    { jobId: 'a1', models: ['m'], kind: 'draw', fairKey: 'acme' },
    { jobId: 'a2', models: ['m'], kind: 'film', fairKey: 'acme', tag: 'night' },
    { jobId: 'b1', models: ['n'], kind: 'draw', fairKey: 'b', payload: { user: { id: 17 }, big: true } },
  ])
  await coordinator.claim({ max: 1, kinds: null })
  close.push(async () => {
    await coordinator.close()
    await store.close()
  })
  return { url, coordinator }
}

describe('interlock jobs', () => {
  let url = ''
  beforeAll(async () => {
    url = (await queueOfTwo()).url
  })
  const find = (...words: readonly string[]) => documentOf(url, ['jobs', ...words])

  it.each([
    ['all live ones', [], ['a1', 'a2', 'b1']],
    ['by state', ['--state', 'active'], ['a1']],
    ['by several states', ['--state', 'active', '--state', 'dead'], ['a1', 'dead']],
    ['by kind', ['--kind', 'draw'], ['a1', 'b1']],
    ['by model', ['--model', 'm', '--state', 'waiting'], ['a2']],
    ['by customer', ['--customer', 'acme', '--state', 'dead'], ['dead']],
    ['by tag', ['--tag', 'night'], ['a2']],
    ['by fields of the payload', ['--payload', 'user.id=17', '--payload', 'big=true'], ['b1']],
    ['by other fields of the payload', ['--payload', 'user.id="17"'], []],
    ['by the error of the last attempt', ['--error', 'NO', '--state', 'dead'], ['dead']],
    ['by the code of the error, as one says it', ['--error', 'handler error', '--state', 'dead'], ['dead']],
    ['by another error', ['--error', 'yes', '--state', 'dead', '--state', 'waiting'], []],
    ['by all of it', ['--kind', 'film', '--model', 'n'], []],
    ['by age', ['--since', '1h'], ['a1', 'a2', 'b1']],
    ['by another age', ['--until', '1h'], []],
  ])('finds them %s', async (_, words, found) => {
    expect(ids(await find(...words))).toEqual(found)
  })

  it('counts all of them, and shows so many', async () => {
    const document = await find('--limit', '1')
    expect([document.total, ids(document)]).toEqual([3, ['a1']])
    expect((await interlock(['jobs', '--limit', '1', '--url', url])).stdout).toContain('3 jobs, the first 1')
  })

  it('goes on page by page, also behind a job that has gone', async () => {
    const { url, coordinator } = await queueOfTwo()
    const page = (...words: readonly string[]) =>
      documentOf(url, [
        'jobs',
        '--state',
        'active',
        '--state',
        'waiting',
        '--state',
        'dead',
        '--limit',
        '2',
        ...words,
      ])
    const first = await page()
    expect([first.total, ids(first)]).toEqual([4, ['a1', 'a2']])
    await coordinator.cancel('a2')
    const second = await page('--from', first.next)
    expect([second.total, ids(second), second.next]).toEqual([3, ['b1', 'dead'], null])
    expect(await interlock(['jobs', '--from', 'elsewhere', '--url', url])).toMatchObject({ code: 2 })
  })

  it('says of each what queue and explain say of it', async () => {
    const { jobs: found } = await find('--state', 'waiting', '--state', 'active', '--state', 'dead')
    const started = (await documentOf(url, ['log', '--job', 'a1'])).at(-1)
    expect(found[0]).toMatchObject({ state: 'active', since: started.at })
    for (const { jobId, code, reason, blockedBy } of found) {
      const explained = await documentOf(url, ['explain', jobId])
      expect({ jobId, code, blockedBy }).toEqual({
        ...{ jobId, code: explained.code, blockedBy: explained.blockedBy },
      })
      if (code !== null) expect(reason).toBe(explained.reason)
    }
    const { jobs: line } = await documentOf(url, ['queue'])
    for (const { jobId, code, reason, until } of line)
      expect(found).toContainEqual(expect.objectContaining({ jobId, code, reason, until }))
  })

  it('is a function of the library, which names what is wrong with a filter', async () => {
    const store = postgresStore(url)
    expect(await jobs({ store }, { fairKey: 'b' })).toMatchObject({ total: 1, jobs: [{ jobId: 'b1' }] })
    const wrong = { states: ['ended'] } as unknown as Parameters<typeof jobs>[1]
    await expect(jobs({ store }, wrong)).rejects.toMatchObject({ code: 'invalid_input' })
    await store.close()
  })

  it.each([
    ['--newer', '1h', '--since 1h'],
    ['--older', '0s', '--until 0s'],
  ])('says what to type in place of %s', async (flag, text, now) => {
    const { code, stdout } = await interlock(['jobs', flag, text, '--url', url, '--json'])
    const message = expect.stringContaining(`type ${now}`)
    expect({ code, said: JSON.parse(stdout) }).toMatchObject({ code: 2, said: { error: { message } } })
    expect(ids(await find(...now.split(' ')))).toEqual(['a1', 'a2', 'b1'])
  })

  it('refuses a range that ends before it begins: it would find nothing', async () => {
    for (const command of ['jobs', 'cancel', 'log', 'audit', 'stats'])
      expect(await interlock([command, '--since', '10m', '--until', '20m', '--url', url])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(command === 'cancel' ? '--yes' : 'is before since'),
      })
  })

  it('names a flag that is wrong', async () => {
    for (const words of [
      ['--state', 'gone'],
      ['--until', 'long'],
      ['--limit', '0'],
      ['--payload', 'user'],
    ])
      expect(await interlock(['jobs', ...words, '--url', url])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(words.join(' ')),
      })
  })
})

describe('jobs that have ended', () => {
  it('are found by how they ended, the newest first, and as the last life of each', async () => {
    const store = memoryStore()
    const coordinator = await join({ store, logger: silentLogger })
    await coordinator.enqueue(['a', 'b', 'c', 'd'].map((jobId) => ({ jobId, models: ['m'], kind: 'draw' })))
    for (const _ of ['a', 'b']) {
      const [started] = await coordinator.claim({ max: 1, kinds: null })
      if (started !== undefined) await coordinator.complete(started.lease)
    }
    await coordinator.cancel('c')
    const [lost] = await coordinator.claim({ max: 1, kinds: null })
    if (lost !== undefined) await coordinator.fail(lost.lease, { retryAt: null })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
    const find = (...states: readonly FoundState[]) => jobs({ store }, { states })
    expect(await find('completed')).toMatchObject({
      total: 1,
      endedSince: expect.stringMatching(/^\d{4}-/),
      jobs: [{ jobId: 'b', state: 'completed', kind: 'draw', attempt: 1, code: 'completed' }],
    })
    expect(ids(await find('completed', 'cancelled', 'failed', 'waiting'))).toEqual(['a', 'd', 'c', 'b'])
    expect((await find('failed')).jobs[0]?.reason).toBe((await explain({ store }, 'd')).reason)
    expect(await find('waiting')).toMatchObject({ total: 1, endedSince: null })
    expect(ids(await jobs({ store }, { states: ['completed'], kind: 'film' }))).toEqual([])
  })

  it('are named by the command, with how far it looked', async () => {
    const { url } = await queueOfTwo()
    const text = async (...words: string[]) => (await interlock(['jobs', ...words, '--url', url])).stdout
    expect(await text('--state', 'failed')).toMatch(
      /failed +dead +draw .*\n.*ended jobs: only those that came since /,
    )
    expect(await text('--state', 'completed')).toContain(
      'no such job; ended jobs are found only if they came since',
    )
    expect(await text('--kind', 'none')).toContain(
      'of other states: --state submitted, dead, completed, failed, cancelled, expired',
    )
  })
})

describe('a job that nobody knows', () => {
  it.each([['cancel'], ['move', '--priority', '3']])(
    '%s says that there is none, not how it ended',
    async (verb = '', ...more) => {
      const { code, stderr } = await interlock([verb, 'nosuch', ...more, '--url', await emptyQueue()])
      expect(code).toBe(1)
      expect(stderr).toContain('queue default has never heard of job nosuch')
      expect(stderr).toContain('to do: compare the id with npx interlock-queue jobs')
    },
  )
})

describe('interlock enqueue of a kind that no worker has', () => {
  it('is taken, and warned about with the kind that was probably meant', async () => {
    const { url, coordinator } = await queueOfTwo()
    const enqueue = (jobId: string, kind: string) =>
      interlock(['enqueue', '--job', jobId, '--models', 'm', '--kind', kind, '--json', '--url', url])
    expect((await enqueue('c1', 'raport')).stderr).toBe('')
    coordinator.offering(['report', 'draw'], 2)
    const store = postgresStore(url)
    await expect
      .poll(async () => (await store.workers('default')).some(({ freeSlots }) => freeSlots === 2))
      .toBe(true)
    await store.close()
    const { stdout, stderr } = await enqueue('c2', 'raport')
    expect(JSON.parse(stdout)).toMatchObject({ queued: 1 })
    expect(stderr).toContain('kind raport (did you mean report?): no live worker has a handler for it')
    expect((await enqueue('c3', 'report')).stderr).toBe('')
  })
})

/** Runs a command on a terminal on which this key is pressed when it asks. @param before what happens first */
async function answered(
  words: readonly string[],
  key: string,
  before: () => Promise<unknown> = async () => {},
): Promise<Spoken> {
  let [stdout, stderr] = ['', '']
  const listen = (onKey: (key: string) => void) => {
    void before().then(() => onKey(key))
    return () => {}
  }
  const terminal = { isTTY: true, columns: 80 }
  const code = await runCli(words, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text), ...terminal },
    ...{ env: {}, keys: { listen }, signal: new AbortController().signal },
  })
  return { code, stdout, stderr: stripVTControlCharacters(stderr) }
}

/** What a command says that changed many jobs. */
const changed = (said: object) => ({
  ...{ commandId: expect.any(String), matched: 0, done: [], changed: [], failed: [] },
  ...said,
})

describe('a filter in place of an id', () => {
  it('shows how many and the first ones, and does nothing unless y is pressed', async () => {
    const { url } = await queueOfTwo()
    for (const key of ['n', '\r']) {
      const { code, stdout, stderr } = await answered(['cancel', '--customer', 'acme', '--url', url], key)
      expect({ code, stdout }).toEqual({ code: 0, stdout: '0 jobs cancelled, or asked to stop\n' })
      expect(stderr).toMatch(/active +a1 [\s\S]*waits +a2 [\s\S]*cancel 2 jobs\? \(y\/N\)/)
    }
    expect(await answered(['cancel', '--customer', 'acme', '--url', url], '\u0003')).toMatchObject({
      code: 130,
    })
    expect(ids(await documentOf(url, ['jobs']))).toEqual(['a1', 'a2', 'b1'])
    const { stdout } = await answered(['cancel', '--customer', 'acme', '--json', '--url', url], 'y')
    expect(JSON.parse(stdout)).toEqual(changed({ matched: 2, done: ['a1', 'a2'] }))
    expect(ids(await documentOf(url, ['jobs', '--state', 'waiting']))).toEqual(['b1'])
  })

  it('is refused where nobody can be asked, with what to type', async () => {
    const { url } = await queueOfTwo()
    for (const [words, states] of [
      [['cancel'], ' --state waiting --state active --state submitted'],
      [['move', '--priority', '3'], ' --state waiting'],
      [['retry'], ' --state dead'],
    ] as const) {
      const said = await interlock([...words, '--model', 'm', '--url', url])
      expect(said).toMatchObject({ code: 2, stdout: '' })
      expect(said.stderr).toContain('add --yes')
      expect(said.stderr).toContain(`npx interlock-queue jobs${states} --model m`)
    }
    expect(await documentOf(url, ['cancel', '--model', 'm', '--state', 'waiting', '--yes'])).toEqual(
      changed({ matched: 1, done: ['a2'] }),
    )
    expect(await documentOf(url, ['retry', '--customer', 'acme', '--yes'])).toMatchObject({ done: ['dead'] })
    expect(await documentOf(url, ['move', '--kind', 'draw', '--priority', '3', '--yes'])).toMatchObject({
      done: expect.arrayContaining(['b1', 'dead']),
    })
    expect(await documentOf(url, ['cancel', '--model', 'nobody', '--yes'])).toMatchObject({ matched: 0 })
  })

  it('are put in line again by their error, with their payloads, and dropped by it', async () => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    close.push(async () => {
      await coordinator.close()
      await store.close()
    })
    const later = new Date(Date.now() + 3_600_000)
    for (const [jobId, message, retryAt] of [
      ['late', 'Timed out after 30 s', null],
      ['wrong', 'bad prompt', null],
      ['later', 'Timed out at once', later],
    ] as const) {
      await coordinator.enqueue([{ jobId, models: ['m'], payload: { of: jobId } }])
      const [started] = await coordinator.claim({ max: 1, kinds: null })
      if (started !== undefined) await coordinator.fail(started.lease, { retryAt, error: new Error(message) })
    }
    const again = ['retry', '--error', 'timed OUT', '--since', '24h']
    expect((await interlock([...again, '--url', url])).stderr).toContain(
      `jobs --state dead --error 'timed OUT' --since 24h`,
    )
    expect(await documentOf(url, [...again, '--yes'])).toMatchObject({ matched: 1, done: ['late'] })
    expect(await store.data('default', ['late'])).toMatchObject([{ payload: { of: 'late' } }])
    expect(ids(await documentOf(url, ['jobs', '--error', 'timed out']))).toEqual(['later'])
    const dead = async (...words: string[]) => documentOf(url, ['dead', ...words])
    expect(await dead('--error', 'timed out')).toEqual([])
    expect(await dead('--error', 'Error: bad')).toMatchObject([{ jobId: 'wrong' }])
    expect(await dead('--error', 'timed out', '--drop')).toEqual({ dropped: 0 })
    expect(await dead('--error', 'bad', '--drop')).toEqual({ dropped: 1 })
  })

  it('leaves out and names jobs that have changed since they were shown', async () => {
    const { url, coordinator: other } = await queueOfTwo()
    const { stdout } = await answered(
      ['cancel', '--state', 'waiting', '--json', '--url', url],
      'y',
      async () => {
        await other.setPolicy('by-model')
        await other.claim({ max: 1, kinds: ['draw'] })
        await other.cancel('a2')
      },
    )
    expect(JSON.parse(stdout)).toEqual(changed({ matched: 2, changed: ['a2', 'b1'] }))
    expect((await other.explain('b1'))?.state).toBe('active')
  })

  it('goes in parts, in the order of the line', async () => {
    const url = await emptyQueue()
    const many = Array.from({ length: 230 }, (_, n) => `j${String(n).padStart(3, '0')}`)
    const store = postgresStore(url)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    await coordinator.enqueue([
      ...[{ jobId: 'first', models: ['m'] }],
      ...many.map((jobId) => ({ jobId, models: ['m'], kind: 'late' })),
    ])
    await coordinator.close()
    await store.close()
    const moved = await documentOf(url, ['move', '--kind', 'late', '--before', 'first', '--yes'])
    expect(moved).toEqual(changed({ matched: 230, done: many }))
    expect(ids(await documentOf(url, ['jobs', '--limit', '1000']))).toEqual([...many, 'first'])
  })

  it('interlock delete: what is kept of jobs that have ended goes, and of waiting ones if that is said', async () => {
    const { url } = await queueOfTwo()
    expect(await documentOf(url, ['delete', '--customer', 'acme', '--yes'])).toEqual(
      changed({ matched: 1, done: ['dead'] }),
    )
    expect(ids(await documentOf(url, ['jobs', '--state', 'dead']))).toEqual([])
    expect(await documentOf(url, ['delete', '--tag', 'night', '--state', 'waiting', '--yes'])).toMatchObject({
      done: ['a2'],
    })
    expect((await interlock(['delete', '--state', 'active', '--yes', '--url', url])).stderr).toContain(
      '--state active',
    )
    expect(ids(await documentOf(url, ['jobs']))).toEqual(['a1', 'b1'])
  })

  it.each([
    [['delete'], 'which jobs?'],
    [['cancel'], 'which jobs?'],
    [['cancel', 'a', '--model', 'm'], 'not both'],
    [['retry'], 'which jobs?'],
    [['move', '--priority', '1'], 'which jobs?'],
  ])('%j asks which: nothing is changed by a slip', async (words, said) => {
    const { code, stderr } = await interlock([...words, '--url', 'memory:'])
    expect(code).toBe(2)
    expect(stderr).toContain(said)
  })
})

describe('the log of one job', () => {
  it('is its last life, or all since a time, found by a beginning of its id too; and with --tail goes on', async () => {
    const { url } = await queueOfTwo()
    const types = async (...words: readonly string[]) =>
      (await documentOf(url, ['log', ...words])).map(({ type }: { type: string }) => type)
    expect(await types('--job', 'dead')).toEqual(['queued', 'started', 'failed'])
    expect(await types('--job', 'de')).toEqual(['queued', 'started', 'failed'])
    expect(await types('--job', 'dead', '--limit', '1')).toEqual(['failed'])
    await documentOf(url, ['enqueue', '--job', 'dead', '--models', 'o'])
    const life = await types('--job', 'dead')
    expect(await types('--job', 'de', '--since', '1')).toEqual(['queued', 'started', 'failed', ...life])
    expect(await types('--job', 'dead', '--since', '1', '--limit', '1')).toEqual(life.slice(-1))
    expect(await interlock(['log', '--job', 'nobody', '--url', url])).toMatchObject({ code: 1 })
    expect(await interlock(['log', '--tail', '1', '--limit', '1', '--url', url])).toMatchObject({ code: 2 })
    const last = (await logOf(url)).length
    const followed = async (...words: readonly string[]) => {
      const ended = new AbortController()
      let said = ''
      const write = (text: string) => {
        said += text
        if (text.includes('"cancelled"')) ended.abort()
      }
      const follows = runCli(['log', '--json', '--url', url, ...words], {
        ...{ stdout: { write }, stderr: { write: () => {} }, env: {}, signal: ended.signal },
      })
      return {
        follows,
        said: () =>
          said
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
      }
    }
    const [ofAll, ofJob] = [await followed('--tail', '2'), await followed('--job', 'b1', '--tail', '5')]
    await documentOf(url, ['cancel', 'b1'])
    await Promise.all([ofAll.follows, ofJob.follows])
    expect(ofAll.said().slice(0, 2)).toMatchObject([{ seq: last - 1 }, { seq: last }])
    expect(ofJob.said().every(({ jobId }: { jobId: string }) => jobId === 'b1')).toBe(true)
    expect(ofJob.said().at(0)).toMatchObject({ type: 'queued' })
    expect(ofJob.said().at(-1)).toMatchObject({ type: 'cancelled' })
  })
})
