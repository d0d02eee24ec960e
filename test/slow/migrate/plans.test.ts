// Slow, 20 s: plans, and what they cost; on every PostgreSQL that is there.
/**
 * No statement of Interlock's may be planned at a cost at which PostgreSQL compiles it (jit_above_cost, 100,000): that takes
 * 0.1 to 0.3 s each time. And what an append looks up goes by a key, also where the plan was made while the tables were empty.
 *
 * Here it is the server of the tests, and those of Debian. INTERLOCK_TEST_POSTGRES_BIN names others instead: folders with `postgres` and
 * `initdb`, separated by colons (`npm run test:more -- versions` brings them).
 */
import { globSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import {
  type Explained,
  explaining,
  lead,
  nodesOf,
  type Session,
  scanned,
} from '../../servers/migrate/plans-support.ts'
import { connect, type Database } from '../../servers/migrate/support.ts'
import { startPostgres } from '../../support/postgres.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { postgresDatabase } from '../../support/supabase/database.ts'
import { setUpProject } from '../../support/supabase/setup.ts'
import { atEnd } from '../../support/this-test.ts'
import { statements } from './plans-statements.ts'

const given = (process.env['INTERLOCK_TEST_POSTGRES_BIN'] ?? '').split(':').filter((bin) => bin !== '')
const servers = given.length > 0 ? given : ['', ...globSync('/usr/lib/postgresql/{15,16,17,18}/bin')]

async function serverAt(bin: string): Promise<string> {
  if (bin === '') return createDatabase('plans')
  const server = await startPostgres({ bin })
  atEnd(() => server.remove())
  return server.url
}

const JIT_ABOVE_COST = 100_000
/** Of the log and the line: what a look-up by a key may read, with room to spare. */
const FEW = 1_000

/** An account with a project's `realtime.send`, of which no autovacuum takes care: statistics are as the test leaves them. */
async function projectAt(url: string): Promise<Database> {
  const db = await connect(url)
  const project = await postgresDatabase(url)
  await setUpProject(project)
  await project.close()
  await migrate(db)
  await db.exec(
    'grant insert on jobs to anon; create policy browser on jobs for insert to anon with check (true)',
  )
  const tables = await db.query(
    `select format('alter table %s set (autovacuum_enabled = off)', oid::regclass) as sql from pg_class
      where relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and relkind = 'r' and relname ~ '^job'`,
  )
  for (const { sql } of tables) await db.exec(String(sql))
  return db
}

/** 10,000 in line and 100,000 events, of which some are dead letters, and rows of the user's for the jobs in line. */
const fill = `
  insert into job_queue_log (queue, seq, created_at, event_type, job_id, job_type, models, data, command_id)
  select 'default', h.version + n, clock_timestamp() - interval '1 hour' + n * interval '1 microsecond',
         (array['queued', 'started', 'completed', 'failed'])[1 + n % 4],
         case when n <= 40000 then 'waiting-' || n / 4 when n % 4 = 3 then 'dead-' || n / 100 else 'done-' || n / 4 end, 'normal', array['m'],
         case n % 4 when 3 then '{"final": true, "code": "x"}'::jsonb else '{}' end, 'old-' || n
    from interlock.job_queue_heads h, generate_series(1, 100000) n where h.queue = 'default';
  update interlock.job_queue_heads set version = version + 100000, projected_seq = version + 100000, last_at = clock_timestamp() where queue = 'default';
  update job_queue_state set version = version + 100000 where queue = 'default';
  insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie, queued_at, attempt, attempts, timeout_ms)
  select 'default', 'waiting-' || n, 'waiting', 'normal', 'normal', array['m'], 0, 0, n, 0, now(), 0, 3, 1000 from generate_series(1, 10000) n;
  insert into jobs (job_id, status, model, queued_at) select 'waiting-' || n, 'pending', 'm', now() from generate_series(1, 10000) n`

let lives = 0

/** @returns what was planned in appends, and in everything else */
async function walk(
  session: Session,
  calls = statements,
): Promise<readonly [appends: readonly Explained[], others: readonly Explained[]]> {
  await session.query(`select job_queue_beat('default', 'worker', null, 1, 'x', 600000, 1000)`)
  session.planned()
  for (let n = 0; n < 3; n++) await lead(session, `life-${++lives}`, 'worker')
  const appends = session.planned()
  for (const sql of calls)
    await session.query(sql).catch((error: Error) => Promise.reject(new Error(`${sql}: ${error.message}`)))
  await session.query(`delete from jobs where job_id like 'row-%'`)
  await session.query('delete from interlock.job_queue_arrivals')
  return [appends, session.planned()]
}

/** What would be compiled, or was planned in a way that the planner had been told to avoid. */
const dear = (plans: readonly Explained[]) =>
  plans
    .filter(
      (plan) =>
        plan.JIT !== undefined ||
        nodesOf(plan.Plan).some((node) => node.Disabled || node['Total Cost'] >= JIT_ABOVE_COST),
    )
    .map((plan) => `${plan.Plan['Total Cost']}: ${plan['Query Text']}`)

/** @param tables of which a scan must not read more than a few rows */
const readWhole = (plans: readonly Explained[], tables: readonly string[]) =>
  plans.filter((plan) => tables.some((table) => scanned(plan, table) > FEW)).map((plan) => plan['Query Text'])

describe.concurrent.each(servers)('the plans of a server %s', (bin) => {
  it('are never compiled, and appends go by keys, whatever the tables hold and the statistics say', async () => {
    const db = await projectAt(await serverAt(bin))
    // Before 17 a plan from when the line was all but empty may filter the line by its ids until the next ANALYZE.
    const isOlder = Number(await db.value('show server_version_num')) < 170_000
    const tables = isOlder ? ['job_queue_log'] : ['job_queue_log', 'job_queue_jobs']
    const early = await explaining(db.url)
    const look = async (session: Session, when: string, calls?: readonly string[]) => {
      const [appends, others] = await walk(session, calls)
      expect(dear([...appends, ...others]), when).toEqual([])
      expect(readWhole(appends, tables), when).toEqual([])
    }
    await look(early, 'new tables')
    await db.exec('vacuum')
    const sinceVacuum = await explaining(db.url)
    await look(sinceVacuum, 'vacuumed while small', [])
    await db.exec(fill)
    await look(early, 'grown under a session', [])
    await look(sinceVacuum, 'grown since the vacuum', [])
    const late = await explaining(db.url)
    await look(late, 'grown, to a new session')
    await db.exec('vacuum analyze')
    const last = await explaining(db.url)
    await look(last, 'analysed')
    // Otherwise a session that is idle tells what it has called within 10 s.
    for (const session of [early, sinceVacuum, late, last])
      await session.query('select pg_stat_force_next_flush()')
    // A new function has its call in plans-statements.ts.
    const uncalled = await db.query(`
      select p.proname as name from pg_proc p left join pg_stat_user_functions f on f.funcid = p.oid
       where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname ~ '^job_queue_'
         -- Triggers that run no query unless they refuse something.
         and p.proname not in ('job_queue_guard_columns', 'job_queue_keep_cut') and coalesce(f.calls, 0) = 0 order by 1`)
    expect(uncalled.map(({ name }) => name)).toEqual([])
  })
})
