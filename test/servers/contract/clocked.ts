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

/** A database whose functions read a clock of the test's. */
export async function onPostgres(): Promise<Clocked> {
  const url = await migratedDatabase()
  const sql = await connection(url)
  await sql.query(`
    create table test_clock (off interval not null);
    insert into test_clock values ('0');
    grant select on test_clock to public;
    create function test_clock() returns timestamptz language sql volatile as
      $$ select pg_catalog.clock_timestamp() + (select off from public.test_clock) $$`)
  const { rows } = await sql.query<{ text: string }>(`
    select replace(pg_get_functiondef(p.oid), 'clock_timestamp()', 'public.test_clock()') as text from pg_proc p
     where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname like 'job\\_queue\\_%' and p.prosrc like '%clock_timestamp()%'`)
  expect(rows.length).toBeGreaterThan(5)
  for (const { text } of rows) await sql.query(text)
  const store = postgresStore(url)
  onTestFinished(() => store.close())
  await store.open('q')
  const set = async (seconds: number) => {
    await sql.query(`update test_clock set off = $1 * interval '1 second'`, [seconds])
  }
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
