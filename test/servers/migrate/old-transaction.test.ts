/** An old transaction elsewhere keeps every version of every row; what an append reads must not grow with their number. */
import { expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { connect, type Database } from './support.ts'

const APPENDS = 1_500
/** Pages of 8 KB: a B-tree that became one level deeper, and the like. */
const SLACK = 12

/** One event more behind version `v`, at this moment. */
const oneMore = `create function one_more(v bigint) returns void language plpgsql as $$
declare
  at bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  answer jsonb := job_queue_append('default', v, jsonb_build_array(jsonb_build_object('seq', v + 1, 'at', at, 'event_type', 'due',
    'job_id', 'a', 'command_id', 'c' || v, 'command_hash', 1)), jsonb_build_object('also', jsonb_build_array('a'), 'state',
    jsonb_build_object('status', 'idle', 'version', v + 1, 'active_count', 0, 'waiting_count', 0, 'updated_at', at)));
begin
  if not (answer ->> 'ok')::boolean then raise exception '%', answer; end if;
end $$`

/** So many appends of one event, each in a transaction of its own, as the clock goes on. */
const many = (count: number) => `do $$
declare
  v bigint := (job_queue_open('default') ->> 'version')::bigint;
begin
  for n in 1..${count} loop
    perform one_more(v);
    v := v + 1;
    commit;
    perform job_queue_project('default', 100);
    commit;
  end loop;
end $$`

/** How many pages a statement touches, and nobody else: the counters of the server have autovacuum's too. */
async function pagesOf(db: Database, sql: string): Promise<number> {
  const [{ Plan: plan }] = (await db.value(`explain (analyze, buffers, timing off, format json) ${sql}`)) as [
    { Plan: Record<string, number> },
  ]
  return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
}

const versionOf = async (db: Database) =>
  Number(await db.value('select version from interlock.job_queue_heads'))

const readsAt = (version: number) => ({
  'an append that came late': `select job_queue_append('default', ${version - 1}, '[{"seq": 1}]', '{"state": {}}')`,
  'a turn': `select job_queue_turn('default', ${version})`,
  'a heartbeat': `select job_queue_beat('default', 'beating', null, 1, 'x', 600000, 1000)`,
  'a page of the log': `select job_queue_read('default', ${version}, 10)`,
  'the outer projection': `select job_queue_project('default', 100)`,
  'the projection of a moment': `select job_queue_projection('default')`,
})

/** In the middle of several: a call that has to read the catalogs again touches more, and what others do may have it to. */
async function usually(measure: (n: number) => Promise<number>): Promise<number> {
  const pages: number[] = []
  for (let n = 0; n < 9; n++) pages.push(await measure(n))
  return pages.toSorted((a, b) => a - b)[4] ?? Number.NaN
}

async function pagesOfReads(db: Database): Promise<Readonly<Record<string, number>>> {
  const pages: Record<string, number> = {}
  for (const [what, sql] of Object.entries(readsAt(await versionOf(db))))
    pages[what] = await usually(() => pagesOf(db, sql))
  return pages
}

/** Of an append that is carried out: each needs an event of its own. */
async function pagesPerAppend(db: Database): Promise<number> {
  const before = await versionOf(db)
  const pages = await usually((n) => pagesOf(db, `select one_more(${before + n})`))
  expect(await versionOf(db)).toBe(before + 9)
  return pages
}

/** No statistics come in the middle: they have statements planned once more, which reads the catalogs. */
const withoutAutovacuum = `do $$
declare name text;
begin
  for name in select oid::regclass from pg_class where relkind = 'r' and relname like 'job\\_queue\\_%' loop
    execute format('alter table %s set (autovacuum_enabled = off)', name);
  end loop;
end $$`

it('an append, and what goes with it, touch as many pages after thousands of others as before', async () => {
  const db = await connect(await createDatabase('old'))
  await migrate(db)
  await db.exec(withoutAutovacuum)
  await db.exec(oneMore)
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
  expect(await db.value('select count(*)::int from interlock.job_queue_heads')).toBe(1)
})
