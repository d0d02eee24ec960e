/** Is it healthy? What the reader asks the store for, and who is told. */
import { expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import type { QueueHealth } from '../../../src/tools/insight/queue-health.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { connection } from '../contract/support.ts'
import { messagesIn, mounted } from './support.ts'

type Get = Awaited<ReturnType<typeof mounted>>['get']

async function healthBy(get: Get): Promise<QueueHealth> {
  return (await (await get('/api/queues/default/health')).json()) as QueueHealth
}

/** What one check says. */
const says = ({ checks }: QueueHealth, name: string) => {
  const found = checks.find(({ check }) => check === name)
  return [found?.level, found?.what]
}

it('is red where jobs wait and no process is alive, and green again with one', async () => {
  const { get, coordinator, store } = await mounted()
  expect(says(await healthBy(get), 'processes')).toEqual(['green', '1 process is alive, 0 of them run jobs'])
  await coordinator.close()
  await expect
    .poll(async () => says(await healthBy(get), 'processes'))
    .toEqual(['red', expect.stringMatching(/^no process is alive: 1 job runs, 1 job waits/)])
  const other = await createCoordinator({ store, logger: silentLogger })
  await expect
    .poll(async () => says(await healthBy(get), 'processes'))
    .toEqual(['red', '1 process is alive, and none of them runs jobs, although some may start'])
  other.offering(null, 1)
  await expect
    .poll(async () => says(await healthBy(get), 'processes'))
    .toEqual(['green', '1 process is alive, 1 of them runs jobs'])
  await other.close()
})

it('tells its viewers as soon as something is worth a look', async () => {
  const { get, coordinator } = await mounted()
  const messages = messagesIn(await get('/api/queues/default/events'))
  const until = async (name: string, level: string) => {
    for (;;) {
      const { value, done } = await messages.next()
      if (done) throw new Error('the stream has ended')
      if (value.event === 'health' && says(value.data, name)[0] === level) return
    }
  }
  await until('paused', 'green')
  await coordinator.pauseModel('m', { reason: 'provider_down' })
  await until('paused', 'amber')
})

it('counts the dead letters of the last hour until somebody has dropped or retried them', async () => {
  const { get, post, coordinator } = await mounted()
  await coordinator.setPolicy('by-model')
  for (const jobId of ['d', 'e']) {
    await coordinator.enqueue([{ jobId, models: ['n'], attempts: 1 }])
    const [lease] = await coordinator.claim({ max: 1, kinds: null })
    if (lease !== undefined)
      await coordinator.fail(lease.lease, { error: new Error('broken'), retryAt: null })
  }
  const dead = async () => says(await healthBy(get), 'dead')[1]
  await expect.poll(dead).toBe('2 jobs failed for good in the last hour')
  await post('/api/queues/default/levers/drop', { jobIds: ['d'] })
  expect(await dead()).toBe('1 job failed for good in the last hour')
  await post('/api/queues/default/levers/retry', { jobIds: ['e'] })
  expect(await dead()).toBe('no job failed for good in the last hour')
})

it('sees what no process takes in or brings up to date, over PostgreSQL (job_queue_backlog)', async () => {
  const url = await createDatabase('health', 'migrated')
  const store = postgresStore({ connectionString: url, max: 2 })
  onTestFinished(() => store.close())
  const { get, coordinator } = await mounted({ store })
  const rest = { rows: 0, ageMs: null }
  await expect
    .poll(() => store.backlog('default'))
    .toEqual({
      ...{ behind: { events: 0, ageMs: null }, arrivals: rest, inbox: rest, submitted: [], ending: [] },
    })
  await coordinator.close()
  const client = await connection(url)
  await client.query(
    `insert into jobs (job_id, status, model) values ('r1', 'pending', 'm'), ('r2', 'pending', 'm')`,
  )
  await client.query(`select job_queue_submit('{"job_id": "s", "models": ["m"]}', 'default', 'request')`)
  await client.query(
    `update interlock.job_queue_arrivals set arrived_at = clock_timestamp() - interval '20 seconds'`,
  )
  await client.query(`update interlock.job_queue_heads set projected_seq = version - 1`)
  expect(await store.backlog('default')).toMatchObject({
    behind: { events: 1, ageMs: expect.any(Number) },
    arrivals: { rows: 2, ageMs: expect.any(Number) },
    inbox: { rows: 1, ageMs: expect.any(Number) },
    submitted: [
      { code: 'arrived', jobs: 2, jobId: 'r1' },
      { code: 'undecided', jobs: 1, jobId: 's', message: null },
    ],
  })
  expect(says(await healthBy(get), 'intake')).toEqual([
    'red',
    '2 rows of jobs arrived, and no process takes any in; and 1 more',
  ])
})
