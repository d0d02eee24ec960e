import { expect, it } from 'vitest'
import { createSupabaseRoles } from '../migrate/support.ts'
import { account } from './support.ts'

it('job_queue_places and job_queue_explain ask for the rows of `jobs` once, however many jobs wait (job_queue_own_rows)', async () => {
  const db = await account(
    `create table jobs (job_id text primary key, status text, model text, user_id text);
      alter table jobs enable row level security`,
    createSupabaseRoles,
  )
  await db.exec(`create policy own on jobs for select to authenticated using (user_id = current_setting('app.me', true));
    grant select on jobs, job_queue_places to authenticated;
    grant execute on function job_queue_explain(text, text), job_queue_own_rows(text[], jsonb), job_queue_user_path() to authenticated;
    insert into jobs select 'job-' || n, 'pending', 'm', 'user-' || n % 100 from generate_series(1, 300) n`)
  const coordinator = await db.coordinator()
  await coordinator.takeIn({ max: 1_000 })
  await expect.poll(() => db.value('select count(*)::int from jobs where queued_at is null')).toBe(0)
  // Over a connection of its own: the server counts on while it has not written down what it counted.
  const asked = async (me: string, sql: string) => {
    const its = await db.connect()
    await its.exec(
      `begin; set local track_functions = 'pl'; set local app.me = '${me}'; set local role authenticated`,
    )
    const rows = await its.query(sql)
    await its.exec('reset role')
    const calls = await its.query(
      "select funcname, calls::int from pg_stat_xact_user_functions where funcname like 'job_queue_own%'",
    )
    await its.end()
    return { rows, calls }
  }
  const calls = [{ funcname: 'job_queue_own_rows', calls: 1 }]
  expect(await asked('nobody', 'select * from job_queue_places')).toEqual({ rows: [], calls })
  expect(await asked('user-7', 'select job_id from job_queue_places order by job_id')).toEqual({
    rows: [{ job_id: 'job-107' }, { job_id: 'job-207' }, { job_id: 'job-7' }],
    calls,
  })
  const position = (job: string) => `select job_queue_explain('${job}') -> 'position' as position`
  expect(await asked('user-7', position('job-107'))).toEqual({ rows: [{ position: 106 }], calls })
  expect(await asked('user-7', position('job-108'))).toEqual({ rows: [{ position: null }], calls })
})
