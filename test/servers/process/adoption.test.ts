import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { interlock } from '../cli/support.ts'
import { connection } from '../contract/support.ts'
import { allEnded, judge, scene, startWorker, steady } from './support.ts'

const fixture = readFileSync(new URL('../migrate/fixtures/first-coordinator.sql', import.meta.url), 'utf8')
const backlog = `insert into jobs (status, model, required_models, blocked_by_job_id, conflict_reason, queued_at, created_at)
  select 'pending', 'model-' || n % 4, array['model-' || n % 4], '11111111-1111-4111-8111-111111111111', 'another job is running',
         case when n % 2 = 0 then now() - (500 - n) * interval '1 minute' end, now() - (500 - n) * interval '1 minute'
    from generate_series(1, 499) n`

/** Types a command, which has to be fine, and gives its document. */
async function type(url: string, ...words: string[]) {
  const { code, stdout, stderr } = await interlock([...words, '--json', '--url', url])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return JSON.parse(stdout)
}

/** What the first coordinator kept: its two tables under their names of the moment. */
const oldTables = async (client: Awaited<ReturnType<typeof connection>>, suffix: string) =>
  Promise.all(
    [`job_queue_state${suffix}`, `job_queue_log${suffix}`].map(
      async (name) => (await client.query(`select * from ${name} order by id`)).rows,
    ),
  )

it('the way in from the first coordinator, with 500 old pending rows: migrate, observe, adopt 20, run; and the way back', {
  timeout: 120_000,
}, async () => {
  const url = await createDatabase('adoption')
  const first = await connection(url)
  await first.query(fixture)
  await first.query(backlog)
  const before = await oldTables(first, '')

  expect(await type(url, 'migrate')).toMatchObject({ applied: true })
  const { client, store, coordinator } = await scene(url)

  // Beside whatever runs now: it says what it would have done, and stops nobody.
  const observerStore = postgresStore(url)
  const observer = await createCoordinator({
    store: observerStore,
    ...steady,
    logger: silentLogger,
    mode: 'observe',
  })
  expect(await observer.onJobStart('seen-1', 'normal', ['flux-dev'])).toMatchObject({ allowed: true })
  expect(await observer.onJobStart('seen-2', 'normal', ['flux-dev'])).toMatchObject({
    allowed: true,
    observed: { code: 'model_in_use', blockedBy: ['seen-1'] },
  })
  await observer.onJobComplete('seen-1', 'normal')
  await observer.onJobComplete('seen-2', 'normal')
  await observer.close()
  await observerStore.close()
  await allEnded(coordinator)

  const preview = await type(url, 'adopt', '--limit', '20')
  expect(preview).toMatchObject({ totals: { pending: 500, running: 0 }, adopted: null })
  const { adopted } = await type(url, 'adopt', '--limit', '20', '--yes')
  expect(adopted).toEqual(preview.jobs.map(({ jobId }: { jobId: string }) => jobId))
  expect(adopted).toHaveLength(20)

  const worker = await startWorker(url, { intake: true, ...steady })
  const ran = async () =>
    (await client.query('select job_id from runs order by began_at')).rows.map(({ job_id }) => job_id)
  await expect.poll(async () => (await ran()).length, { timeout: 30_000 }).toBe(20)
  await allEnded(coordinator)
  expect((await ran()).toSorted()).toEqual([...adopted].toSorted())
  const statuses = async () =>
    (await client.query('select status, count(*)::int as n from jobs group by 1 order by 1')).rows
  await expect.poll(statuses, { timeout: 10_000 }).toEqual([
    { status: 'completed', n: 21 },
    { status: 'pending', n: 480 },
  ])
  expect(await judge(store)).toMatchObject({ violations: [], verified: true })
  // In strict order on one model: as they were adopted.
  const log = (await judge(store)).events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : []))
  expect(log.filter((jobId) => adopted.includes(jobId))).toEqual(adopted)

  worker.child.kill('SIGTERM')
  await once(worker.child, 'exit')
  await coordinator.close()
  expect(await type(url, 'migrate', '--undo')).toMatchObject({ undone: true })
  expect(await oldTables(first, '')).toEqual(before)
})
