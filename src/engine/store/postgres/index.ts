/**
 * The store in PostgreSQL (`interlock-queue/postgres`; needs `pg`). `connections.ts` makes the pool, `hosts.ts` finds the server that takes
 * writes among those that an address names, `listener.ts` receives notifications, `confirmation.ts` makes sure that a synchronous
 * commit is where it has to be.
 * @example
 * import { createCoordinator } from 'interlock-queue'
 * import { postgresStore } from 'interlock-queue/postgres'
 *
 * const coordinator = await createCoordinator({ store: postgresStore('postgres://localhost/app') })
 * @module
 */
import pg from 'pg'
import type { LogStore } from '../index.ts'
import type { PostgresSource } from './connections.ts'
import { type PostgresOptions, postgresStoreOver } from './store.ts'

export type { PostgresSource } from './connections.ts'
export type { PostgresOptions } from './store.ts'

/**
 * A store in PostgreSQL, 15 or later, over the driver `pg`.
 *
 * An address may name several servers, as libpq has it: `postgres://user@h1:5432,h2:5432/app?target_session_attrs=read-write`. Each
 * connection goes to the one that takes writes, and after a fail-over to the next. A pool of your own connects to where you told it to.
 *
 * @param source your own `pg.Pool`, which stays open after `close()`; or an address or configuration, for which it makes a pool
 * @throws InterlockError `invalid_input` for an address that cannot be used; from its calls: `store_unavailable`, `store_unwritable`, `contention`, `not_migrated`,
 * `database_older`, `database_newer`, `corrupt_log`, `unknown_event`, `closed`
 * @example
 * import { postgresStore } from 'interlock-queue/postgres'
 * const coordinator = await createCoordinator({ store: postgresStore('postgres://localhost/app') })
 */
export function postgresStore(source: PostgresSource, options?: PostgresOptions): LogStore {
  return postgresStoreOver(pg, source, options)
}
