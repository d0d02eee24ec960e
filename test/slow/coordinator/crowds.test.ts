// Slow, 17 s: 10,000 jobs, 9,000 messages, 50 processes.
import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorText } from '../../../src/engine/coordinator/base/logger.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { connection, migratedDatabase } from '../../servers/contract/support.ts'
import { join, memoryStore } from '../../servers/coordinator/support.ts'

let url: string
let store: LogStore

beforeAll(async () => {
  url = await migratedDatabase()
  store = postgresStore(url)
})

afterAll(() => store.close())

const joinHere = (queue: string) => join({ store, queue })
const jobs = (count: number, prefix: string, model: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => ({ jobId: `${prefix}-${i}`, models: [model(i)] }))
const never = (): never => expect.unreachable()

describe('one append for many', () => {
  it('takes 10,000 jobs that all have to wait', async () => {
    const coordinator = await joinHere('waiting')
    const answer = await coordinator.enqueue(jobs(10_000, 'job', () => 'm'))
    expect(answer.queued).toBe(10_000)
    expect(coordinator.state().waitingCount).toBe(10_000)
  })

  it('is divided when together they are more than it takes', async () => {
    const coordinator = await join()
    await coordinator.enqueue([{ jobId: 'first', models: ['x'] }])
    const [first] = await coordinator.claim({ max: 1, kinds: null })
    const enqueued = [0, 1, 2].map((k) => coordinator.enqueue(jobs(5_000, `batch${k}`, () => 'm')))
    await Promise.all([...enqueued, coordinator.complete((first ?? never()).lease)])
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 15_000 })
  })

  it('fails for the refused command alone', async () => {
    const memory = memoryStore()
    const refusing: LogStore = {
      ...memory,
      append: (request) => {
        const isBad = request.events.some((event) => event.type === 'queued' && event.jobId === 'bad')
        return isBad ? Promise.reject(new InterlockError('invalid_input', 'refused')) : memory.append(request)
      },
    }
    const coordinator = await join({ store: refusing })
    const enqueue = (jobId: string) =>
      coordinator.enqueue([{ jobId, models: ['m'] }]).then(() => 'queued', errorText)
    expect(await Promise.all(['A', 'B', 'bad', 'C', 'D'].map(enqueue))).toEqual([
      'queued',
      'queued',
      'refused',
      'queued',
      'queued',
    ])
  })
})

describe('many startable jobs at once', () => {
  it('are offered as far as an event can say, and all of them start', async () => {
    const coordinator = await joinHere('offers')
    await coordinator.setPolicy('by-model')
    await coordinator.drain()
    await coordinator.enqueue(jobs(3_000, 'a-job-with-a-longer-name-than-most', (i) => `model-${i}`))
    await coordinator.resume()
    let started = 0
    for (let taken = -1; taken !== 0; started += taken) {
      taken = (await coordinator.claim({ max: 2_000, kinds: null })).length
      expect(taken).toBeLessThanOrEqual(1_000)
    }
    expect(started).toBe(3_000)
  })

  it('are found whatever the policy lets overtake', async () => {
    const coordinator = await joinHere('overtaking')
    await coordinator.setPolicy({ maxActive: null, maxOvertakes: 4 })
    await coordinator.enqueue(jobs(3_000, 'a-job-with-a-longer-name-than-most', (i) => `model-${i}`))
    let started = 0
    for (let taken = -1; taken !== 0; started += taken) {
      taken = (await coordinator.claim({ max: 2_000, kinds: null })).length
    }
    expect(started).toBe(3_000)
  })
})

describe('news', () => {
  it('of one job, heard by 50 processes, lead to one start', async () => {
    const processes = await Promise.all(Array.from({ length: 50 }, () => joinHere('herd')))
    const starts: string[] = []
    const claimAll = processes.map(async (each) => {
      await firstValueFrom(each.wake$)
      for (const { lease } of await each.claim({ max: 1, kinds: null })) starts.push(lease.jobId)
    })
    await processes[0]?.enqueue([{ jobId: 'one', models: ['m'] }])
    await Promise.all(claimAll)
    expect(starts).toEqual(['one'])
    expect(new Set(processes.map((each) => each.health().lastError))).toEqual(new Set([null]))
  })

  it('that are forged, malformed or very many cost some reads and nothing else', async () => {
    let reads = 0
    const read: LogStore['read'] = (...words) => {
      reads++
      return store.read(...words)
    }
    const coordinator = await join({ store: { ...store, read }, queue: 'storm', pollMs: 3_600_000 })
    await coordinator.enqueue([{ jobId: 'one', models: ['m'] }])
    reads = 0
    const client = await connection(url)
    for (const word of [
      '',
      ':',
      'storm',
      'storm:',
      'storm:x',
      'storm:-1',
      'storm:1e9',
      'storm:9007199254740993',
      '{}',
      'storm:1:2',
      "storm:1'; drop table jobs",
    ]) {
      await client.query('select pg_notify($1, $2)', ['interlock', word])
    }
    await client.query("select pg_notify('interlock', 'storm:' || n) from generate_series(1000, 10000) n")
    await coordinator.enqueue([{ jobId: 'two', models: ['m'] }])
    await expect.poll(() => coordinator.state().waitingCount).toBe(2)
    const [first] = await coordinator.claim({ max: 1, kinds: null })
    await coordinator.complete((first ?? never()).lease)
    expect(coordinator.health()).toMatchObject({ ok: true, lastError: null })
    expect(reads).toBeLessThan(900)
  })
})

it('twenty processes that start at once keep within five connections each, and end every job', async () => {
  const crowded = await migratedDatabase()
  const here = await connection(crowded)
  const stores = Array.from({ length: 20 }, () => postgresStore(crowded))
  let most = 0
  const count = async () => {
    const { rows } = await here.query<{ n: number }>(
      'select count(*)::int as n from pg_stat_activity where datname = current_database()',
    )
    most = Math.max(most, rows[0]?.n ?? 0)
  }
  const opening = Promise.all(stores.map((each) => join({ store: each })))
  await count()
  const processes = await opening
  await processes[0]?.setPolicy('by-model')
  const ended: string[] = []
  const workers = processes.map((coordinator) =>
    createJobWorker({
      coordinator,
      concurrency: 2,
      handlers: { normal: ({ jobId }) => void ended.push(jobId) },
    }),
  )
  for (const worker of workers) worker.start()
  await Promise.all(processes.map((each, n) => each.enqueue(jobs(5, `from-${n}`, (i) => `m${i}`))))
  const counted = async () => {
    await count()
    return ended.length
  }
  await expect.poll(counted, { timeout: 60_000 }).toBe(100)
  expect(new Set(ended).size).toBe(100)
  expect(most).toBeLessThanOrEqual(20 * 5)
  await Promise.all(workers.map((worker) => worker.drain()))
  for (const each of processes) await each.close()
  for (const each of stores) await each.close()
})
