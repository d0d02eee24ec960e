import type pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { connection, migratedDatabase } from './support.ts'

export interface Clocked {
  readonly store: LogStore
  /** From now on the clock of the database is that far from the real one. */
  readonly set: (seconds: number) => Promise<void>
  /** What it knows of leases was confirmed on another server, which it has taken over from. */
  readonly takeOver: () => Promise<void>
}

/** The functions, views and defaults of Interlock that read the clock: how to make each again, so that it reads another one. */
const READERS = `
  select format('alter table %s alter column %I set default %s', d.adrelid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid)) as text
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum where pg_get_expr(d.adbin, d.adrelid) = 'clock_timestamp()'
  union all
  select pg_get_functiondef(p.oid) from pg_proc p
   where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like 'job\\_queue\\_%' and p.prosrc like '%clock_timestamp()%'
  union all
  select format('create or replace view %s with (%s) as %s', c.oid::regclass, array_to_string(c.reloptions, ', '), pg_get_viewdef(c.oid)) from pg_class c
   where c.relkind = 'v' and c.relname like 'job\\_queue\\_%' and pg_get_viewdef(c.oid) like '%clock_timestamp()%'`

/**
 * From now on Interlock's tables, functions and views in this database read a clock of the test's.
 * @returns how to set it: so far from the real one
 */
export async function clockOf(sql: Pick<pg.Client, 'query'>): Promise<Clocked['set']> {
  await sql.query(`
    create table test_clock (off interval not null);
    insert into test_clock values ('0');
    grant select on test_clock to public;
    create function test_clock() returns timestamptz language sql volatile as
      $$ select pg_catalog.clock_timestamp() + (select off from public.test_clock) $$`)
  const { rows } = await sql.query<{ text: string }>(READERS)
  expect(rows.length).toBeGreaterThan(5)
  await sql.query(
    rows.map(({ text }) => text.replaceAll('clock_timestamp()', 'public.test_clock()')).join(';'),
  )
  return async (seconds) =>
    void (await sql.query(`update test_clock set off = $1 * interval '1 second'`, [seconds]))
}

/** A database whose functions read a clock of the test's. */
export async function onPostgres(): Promise<Clocked> {
  const url = await migratedDatabase()
  const sql = await connection(url)
  const set = await clockOf(sql)
  const store = postgresStore(url)
  onTestFinished(() => store.close())
  await store.open('q')
  const takeOver = async () => {
    await sql.query(
      `update interlock.job_queue_workers set server_since = server_since - interval '1 minute'`,
    )
  }
  return { store, set, takeOver }
}

export async function inMemory(): Promise<Clocked> {
  let off = 0
  const database = memoryDatabase(() => Date.now() * 1_000 + off)
  const store = memoryStore(database)
  await store.open('q')
  return {
    store,
    set: async (seconds) => {
      off = seconds * 1_000_000
    },
    takeOver: async () => {
      database.since++
    },
  }
}
