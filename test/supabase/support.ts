import { type SupabaseOptions, supabaseClient, supabaseStore } from '../../src/adapter/supabase/index.ts'
import type { LocalSupabaseOptions } from '../../src/dev/index.ts'
import { migrationScript } from '../../src/migrate/index.ts'
import type { LogStore } from '../../src/port/index.ts'
import { type Project, startProject } from '../dev/support.ts'

export type { Project }

/** A local Supabase over PostgreSQL with Interlock's tables. */
export const startMigrated = (sql = '', options: Partial<LocalSupabaseOptions> = {}): Promise<Project> =>
  startProject(`${migrationScript()}\n${sql}`, options)

/** A store with a client of its own, as another process has it; the sockets of the client go with it. */
export function storeOn(
  { url, keys }: Pick<Project, 'url' | 'keys'>,
  options: SupabaseOptions = {},
): LogStore {
  const client = supabaseClient(url, keys.secret)
  const store = supabaseStore(client, options)
  return {
    ...store,
    close: async () => {
      await store.close()
      await client.realtime.disconnect()
    },
  }
}
