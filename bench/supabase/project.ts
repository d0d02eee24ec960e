import { migrationScript } from '../../src/engine/migrate/index.ts'
import type { LogStore } from '../../src/engine/store/index.ts'
import { projectStore, type SupabaseOptions } from '../../src/engine/store/supabase/index.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { postgresDatabase } from '../../test/support/supabase/database.ts'
import { type LocalSupabase, startLocalSupabase } from '../../test/support/supabase/index.ts'

export interface BenchProject extends LocalSupabase {
  /** Another process's store. */
  readonly store: (options?: SupabaseOptions) => LogStore
  /** As the owner of the database. */
  query(sql: string): Promise<void>
  /** The topic on which the appends of a queue are announced. */
  topicOf(queue: string): Promise<string>
}

/** A stand-in for Supabase with Interlock's tables, over a new PostgreSQL that flushes. */
export async function startBenchProject(): Promise<BenchProject> {
  const server = await startPostgres({ fsync: true })
  const db = await postgresDatabase(server.url)
  const local = await startLocalSupabase({ db })
  await db.exec(migrationScript())
  const close = async () => {
    await local.close()
    await server.remove()
  }
  return {
    ...local,
    close,
    query: async (sql) => void (await db.exec(sql)),
    topicOf: async (queue) => {
      const [row] = await db.query("select job_queue_open($1) ->> 'channel' as channel", [queue])
      return `interlock:${queue}:${row?.['channel']}`
    },
    store: (options) => projectStore(local.url, local.keys.secret, options),
  }
}

export const silent = { info: () => {}, warn: () => {}, error: console.error }

/** The p-th of a hundred; 0 when there is nothing. */
export function percentile(all: readonly number[], p: number): number {
  const sorted = all.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? 0
}
