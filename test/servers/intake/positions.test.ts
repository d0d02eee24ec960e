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

it('job_queue_explain answers a function of the user that checks the owner, also of a job without a row; to others no such job exists', async () => {
  const db = await account(undefined, createSupabaseRoles)
  await db.exec(`create table orders (job_id text primary key, customer text);
    insert into orders values ('mine', 'ann'), ('other', 'ben'), ('ended', 'ann');
    create function my_job(id text) returns jsonb language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select public.job_queue_explain(id) where exists (
        select from public.orders o where o.job_id = id and o.customer = current_setting('app.me', true)) $$;
    revoke all on function my_job(text) from public;
    grant execute on function my_job(text) to authenticated`)
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  await coordinator.enqueue(['ended', 'other', 'mine'].map((jobId) => ({ jobId, models: ['m'] })))
  for (const { lease } of await coordinator.claim({ max: 1 })) await coordinator.complete(lease)
  await coordinator.claim({ max: 1 })
  const its = await db.connect()
  await its.exec(`set app.me = 'ann'; set role authenticated`)
  const asked = async (id: string) => (await its.query('select my_job($1) as said', [id]))[0]?.['said']
  expect(await asked('mine')).toMatchObject({
    job_id: 'mine',
    state: 'waiting',
    position: 0,
    code: 'model_in_use',
  })
  expect(JSON.stringify(await asked('mine'))).not.toContain('other')
  expect(await asked('ended')).toMatchObject({ state: 'ended', code: 'completed' })
  for (const id of ['other', 'nobody']) expect(await asked(id)).toBeNull()
  await expect(its.query(`select job_queue_explain('mine')`)).rejects.toMatchObject({ code: '42501' })
  await its.exec('reset role; set role service_role')
  const server = await its.query(`select job_queue_explain('mine') -> 'state' as state`)
  expect(server).toEqual([{ state: 'waiting' }])
  await its.end()
})
