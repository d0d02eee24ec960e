import { describe, expect, it } from 'vitest'
import { createDatabase } from '../../support/postgres-database.ts'
import { connection, migrateDatabase } from '../contract/support.ts'
import { allEnded, scene, startWorker, steady } from './support.ts'

const jobsTable = `create table public.jobs (
  job_id text primary key, status text not null default 'pending', model text,
  created_at timestamptz not null default now())`

/** A database whose `jobs` has one row from before Interlock came. */
async function account() {
  const url = await createDatabase('intake')
  const client = await connection(url)
  await client.query(jobsTable)
  await client.query("insert into jobs (job_id, model) values ('older', 'flux-dev')")
  await migrateDatabase(url)
  return url
}

/** Nothing but a notification has a worker look before this is over. */
const NEVER = 3_600_000

describe.each([
  ['with notifications alone', 'on', { leaseMs: NEVER, pollMs: NEVER }],
  ['with polls alone', 'off', steady],
])('a row that is put into jobs, %s', (_, notify, times) => {
  it('runs, in whatever language it was written; older rows are not touched', async () => {
    const { url, client, coordinator } = await scene(await account())
    await client.query(`alter database "${client.database}" set interlock.notify = '${notify}'`)
    await startWorker(url, { intake: true, concurrency: 1, ...times })
    const psql = await connection(url)
    for (let n = 0; n < 9; n++) {
      const jobId = `new-${n}`
      await psql.query("insert into jobs (job_id, model) values ($1, 'flux-dev')", [jobId])
      const runs = async () => (await client.query('select from runs where job_id = $1', [jobId])).rowCount
      await expect.poll(runs, { interval: 5 }).toBe(1)
    }
    await allEnded(coordinator)
    const words = async () =>
      (await client.query<{ job_id: string; status: string }>('select job_id, status from jobs order by 1'))
        .rows
    await expect
      .poll(words)
      .toEqual([
        ...Array.from({ length: 9 }, (_, n) => ({ job_id: `new-${n}`, status: 'completed' })),
        { job_id: 'older', status: 'pending' },
      ])
    expect((await client.query("select from runs where job_id = 'older'")).rowCount).toBe(0)
  })
})
