/** What the local Supabase makes in a database, and what it leaves alone. */
import { expect, it, onTestFinished } from 'vitest'
import { postgresDatabase } from '../../src/apps/dev/database/postgres.ts'
import { startLocalSupabase } from '../../src/apps/dev/index.ts'
import { migrationScript } from '../../src/engine/migrate/index.ts'
import { blocksOf, pageOf } from '../docs/markdown.ts'
import { connect, type Database } from '../migrate/support.ts'
import { createDatabase } from '../support/postgres-database.ts'

async function served(before = ''): Promise<Database> {
  const db = await connect(await createDatabase('dev'))
  await db.exec(before)
  const local = await startLocalSupabase({ db: await postgresDatabase(db.url) })
  await db.exec(migrationScript())
  await local.close()
  return db
}

it("does not change the user's own functions, and the privileges on the user's schema", async () => {
  const db = await served(`
    create schema auth;
    create function auth.uid() returns uuid language sql stable as
      $$ select '00000000-0000-0000-0000-000000000042'::uuid $$;
    create function auth.role() returns text language sql stable as $$ select 'mine' $$;`)
  expect(await db.query(`select auth.uid(), auth.role()`)).toEqual([
    { uid: '00000000-0000-0000-0000-000000000042', role: 'mine' },
  ])
  // What he had not is there now.
  expect(await db.value('select auth.jwt()')).toBeNull()
  expect(await db.value(`select nspacl from pg_namespace where nspname = 'auth'`)).toBeNull()
})

it('can be taken away again as its page says, and the database works on', async () => {
  const db = await served()
  const made = `select nspname from pg_namespace where nspname in ('auth', 'realtime', 'realtime_dev') order by 1`
  expect(await db.query(made)).toHaveLength(3)
  const [undo] = blocksOf(pageOf('docs/reference/local-supabase.md')).filter(
    ({ info }) => info === 'sql undo',
  )
  await db.exec(undo?.code ?? '')
  expect(await db.query(made)).toEqual([])
  expect(await db.query(`select tgname from pg_trigger where tgname like 'job_queue_wake%'`)).toEqual([])
  expect(await db.query('select from pg_publication')).toEqual([])
  await db.exec(migrationScript())
  const other = await db.connect()
  onTestFinished(() => other.end())
  expect(await other.query(`select tgname from pg_trigger where tgname like 'job_queue_wake%'`)).toEqual([])
})
