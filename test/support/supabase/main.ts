/**
 * `npm run supabase [-- <postgres://…>]`: the stand-in for Supabase with Interlock's tables, for those who work on Interlock, on port
 * 54321 of this machine; over a new PostgreSQL that goes with it, or over the database that is named, in which it makes roles and
 * schemas. Prints variables for the example of docs/guides/supabase.md#start; ends with Ctrl-C.
 */
import { once } from 'node:events'
import { migrationScript } from '../../../src/engine/migrate/index.ts'
import { startPostgres } from '../postgres.ts'
import { postgresDatabase } from './database.ts'
import { startLocalSupabase } from './index.ts'

const PORT = 54_321

const [named] = process.argv.slice(2)
const server = named === undefined ? await startPostgres() : undefined
try {
  const db = await postgresDatabase(named ?? server?.url ?? '')
  const { url, keys, close } = await startLocalSupabase({ db, port: PORT })
  await db.exec(migrationScript())
  console.log(`export SUPABASE_URL=${url}`)
  console.log(`export SUPABASE_SECRET_KEY=${keys.secret}`)
  console.log(`export SUPABASE_PUBLISHABLE_KEY=${keys.publishable}`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await close()
} finally {
  await server?.remove()
}
