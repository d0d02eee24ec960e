import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import pg from 'pg'
import { createDatabase } from '../postgres-database.ts'
import { atEnd } from '../this-test.ts'
import { postgresDatabase } from './database.ts'
import { type LocalSupabase, type LocalSupabaseOptions, startLocalSupabase } from './index.ts'

export interface Project extends LocalSupabase {
  /** The superuser's address of the database. */
  readonly databaseUrl: string
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
}

/** A stand-in for Supabase over a database of its own, with what `sql` makes; ended by the caller. */
export const startProject = async (
  sql: string,
  options: Partial<LocalSupabaseOptions> = {},
): Promise<Project> => startOver(await createDatabase('project'), sql, options)

/** The same over a database that is there. */
export async function startOver(
  databaseUrl: string,
  sql: string,
  options: Partial<LocalSupabaseOptions> = {},
): Promise<Project> {
  const local = await startLocalSupabase({ db: await postgresDatabase(databaseUrl), ...options })
  const admin = new pg.Client({ connectionString: databaseUrl })
  await admin.connect()
  await admin.query(sql)
  const close = async () => {
    await local.close()
    await admin.end()
  }
  return {
    ...local,
    databaseUrl,
    close,
    query: async (text, values = []) => (await admin.query(text, [...values])).rows,
  }
}

/** The real client, as a server has it; its sockets are closed with the test. */
export function clientOf({ url }: Pick<LocalSupabase, 'url'>, key: string, token?: string): SupabaseClient {
  const client = createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    ...(token === undefined ? {} : { accessToken: async () => token }),
  })
  atEnd(async () => {
    await client.removeAllChannels()
    await client.realtime.disconnect()
  })
  return client
}
