import { describe, expect, it } from 'vitest'
import { connection, migrateDatabase } from '../contract/support.ts'
import { createDatabase } from '../support/postgres-database.ts'
import { allEnded, scene, startWorker } from './support.ts'

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

describe.each([
  ['with notifications', 'on', 50],
  // One poll, and the time that it takes to run it.
  ['without notifications', 'off', 300],
])('a row that is put into jobs, %s', (_, notify, withinMs) => {
  // A machine that does something else for a second is no worker that does not hear.
  it(`runs within ${withinMs} ms, in whatever language it was written; older rows are not touched`, {
    retry: 2,
  }, async () => {
    const { url, client, coordinator } = await scene(await account())
    await client.query(`alter database "${client.database}" set interlock.notify = '${notify}'`)
    await startWorker(url, { intake: true, concurrency: 1 })
    const psql = await connection(url)
    const waits: number[] = []
    for (let n = 0; n < 9; n++) {
      const jobId = `new-${n}`
      const { rows } = await psql.query<{ at: Date }>(
        "insert into jobs (job_id, model) values ($1, 'flux-dev') returning clock_timestamp() as at",
        [jobId],
      )
      const began = async () =>
        (await client.query<{ at: Date }>('select began_at as at from runs where job_id = $1', [jobId]))
          .rows[0]?.at
      await expect.poll(began, { timeout: 5_000, interval: 5 }).toBeDefined()
      waits.push(Number(await began()) - Number(rows[0]?.at))
    }
    await allEnded(coordinator)
    // The third of nine: a busy machine delays some, a worker that does not hear delays all.
    const [third = Number.POSITIVE_INFINITY] = waits.sort((a, b) => a - b).slice(2)
    expect(third).toBeLessThan(withinMs)
    const words = async () =>
      (await client.query<{ job_id: string; status: string }>('select job_id, status from jobs order by 1'))
        .rows
    await expect
      .poll(words, { timeout: 5_000 })
      .toEqual([
        ...Array.from({ length: 9 }, (_, n) => ({ job_id: `new-${n}`, status: 'completed' })),
        { job_id: 'older', status: 'pending' },
      ])
    expect((await client.query("select from runs where job_id = 'older'")).rowCount).toBe(0)
  })
})
