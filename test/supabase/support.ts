import { projectStore, type SupabaseOptions } from '../../src/adapter/supabase/index.ts'
import type { LocalSupabaseOptions } from '../../src/dev/index.ts'
import { migrationScript } from '../../src/migrate/index.ts'
import type { LogStore } from '../../src/port/index.ts'
import { type Project, startProject } from '../dev/support.ts'

export type { Project }

/** A local Supabase over PostgreSQL with Interlock's tables. */
export const startMigrated = (sql = '', options: Partial<LocalSupabaseOptions> = {}): Promise<Project> =>
  startProject(`${migrationScript()}\n${sql}`, options)

/** A store with a client of its own, as another process has it. */
export const storeOn = (
  { url, keys }: Pick<Project, 'url' | 'keys'>,
  options: SupabaseOptions = {},
): LogStore => projectStore(url, keys.secret, options)
