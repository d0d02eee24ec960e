/** An old transaction elsewhere keeps every version of every row; what an append reads must not grow with their number. */
import { expect, it } from 'vitest'
import { migrate } from '../../src/migrate/index.ts'
import { createDatabase } from '../support/postgres-database.ts'
import { appendFacts } from './plans-support.ts'
import { connect, type Database } from './support.ts'

const APPENDS = 3_000
/** Pages of 8 KB: a B-tree that became one level deeper, and the like. */
const SLACK = 12

/** So many appends of one event, each in a transaction of its own, as the clock goes on. */
const many = (count: number) => `do $$
declare
  v bigint := (job_queue_open('default') ->> 'version')::bigint;
  at bigint;
  answer jsonb;
begin
  for n in 1..${count} loop
    at := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
    answer := job_queue_append('default', v, jsonb_build_array(jsonb_build_object('seq', v + 1, 'at', at, 'event_type', 'due',
      'job_id', 'a', 'command_id', 'c' || v, 'command_hash', 1)), jsonb_build_object('also', jsonb_build_array('a'), 'state',
      jsonb_build_object('status', 'idle', 'version', v + 1, 'active_count', 0, 'waiting_count', 0, 'updated_at', at)));
    if not (answer ->> 'ok')::boolean then raise exception '%', answer; end if;
    v := v + 1;
    commit;
    perform job_queue_project('default', 100);
    commit;
  end loop;
end $$`

const session = (db: Database) => ({ ...db, planned: () => [] })

/** How many pages a statement touches, the plans that it needs made already. */
async function pagesOf(db: Database, sql: string): Promise<number> {
  await db.query(sql)
  const [{ Plan: plan }] = (await db.value(`explain (analyze, buffers, timing off, format json) ${sql}`)) as [
    { Plan: Record<string, number> },
  ]
  return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
}

const readsAt = (version: number) => ({
  'an append that came late': `select job_queue_append('default', ${version - 1}, '[{"seq": 1}]', '{"state": {}}')`,
  'a turn': `select job_queue_turn('default', ${version})`,
  'a heartbeat': `select job_queue_beat('default', 'beating', null, 1, 'x', 600000, 1000)`,
  'a page of the log': `select job_queue_read('default', ${version}, 10)`,
  'the outer projection': `select job_queue_project('default', 100)`,
  'the projection of a moment': `select job_queue_projection('default')`,
})

async function pagesOfReads(db: Database): Promise<Readonly<Record<string, number>>> {
  const pages: Record<string, number> = {}
  const version = Number(await db.value('select version from job_queue_heads'))
  for (const [what, sql] of Object.entries(readsAt(version))) pages[what] = await pagesOf(db, sql)
  return pages
}

/** Of an append that is carried out: from the counters of the server, since each needs events of its own. */
async function pagesPerAppend(db: Database): Promise<number> {
  const touched = `select sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))::int
    from pg_statio_user_tables where relname in ('job_queue_heads', 'job_queue_state', 'job_queue_changes')`
  const counted = async () => {
    await db.query('select pg_stat_force_next_flush(), pg_stat_clear_snapshot()')
    return Number(await db.value(touched))
  }
  const before = await counted()
  for (let n = 0; n < 20; n++) expect((await appendFacts(session(db), [{ event_type: 'due' }])).ok).toBe(true)
  return ((await counted()) - before) / 20
}

it('an append, and what goes with it, touch as many pages after thousands of others as before', async () => {
  const db = await connect(await createDatabase('old'))
  await migrate(db)
  await db.exec(many(50))
  const measure = async () => ({
    append: await pagesPerAppend(db),
    ...(await pagesOfReads(db)),
  })
  const young: Readonly<Record<string, number>> = await measure()
  const old = await db.connect()
  await old.exec('begin isolation level repeatable read; select count(*) from job_queue_log')
  await db.exec(many(APPENDS))
  const late = await measure()
  for (const [what, pages] of Object.entries(late))
    expect(pages, `pages of ${what}, ${young[what]} before`).toBeLessThan((young[what] ?? 0) + SLACK)
  expect(await db.value('select count(*)::int from job_queue_heads')).toBe(1)
})
