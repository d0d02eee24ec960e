import pg from 'pg'
import type { TurnStore } from '../../port/index.ts'
import type { PostgresSource } from './connections.ts'
import { type PostgresOptions, postgresStoreOver } from './store.ts'

/**
 * A store in PostgreSQL, 15 or newer, over the driver `pg`.
 *
 * @param source your own `pg.Pool`, which stays open after `close()`; or an address or configuration, for which it makes a pool
 * @throws InterlockError from its calls: `store_unavailable`, `store_unwritable`, `contention`, `not_migrated`,
 * `database_older`, `database_newer`, `corrupt_log`, `unknown_event`, `closed`
 * @example
 * import { postgresStore } from 'interlock-queue/postgres'
 * const coordinator = await createCoordinator({ store: postgresStore('postgres://localhost/app') })
 */
export function postgresStore(source: PostgresSource, options?: PostgresOptions): TurnStore {
  return postgresStoreOver(pg, source, options)
}
