import pg from 'pg'
import {
  type CoordinatorOptions,
  createCoordinator,
  silentLogger,
} from '../../../src/engine/coordinator/index.ts'
import { type MigrateOptions, migrate } from '../../../src/engine/migrate/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { idleState } from '../../../src/engine/store/memory/database.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { atEnd } from '../../support/this-test.ts'

/** A new database with Interlock's tables; its URL. */
export async function migratedDatabase(): Promise<string> {
  return createDatabase('contract', 'migrated')
}

export async function migrateDatabase(url: string, options: MigrateOptions = {}): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const exec = async (sql: string) => void (await client.query(sql))
  const query = async (sql: string, parameters?: readonly unknown[]) =>
    (await client.query(sql, parameters ? [...parameters] : undefined)).rows
  await migrate({ query, exec }, options)
  await client.end()
}

/**
 * The same address for a role that has no more rights than a worker needs. Other than a superuser's, its connections can be
 * limited. Roles are the server's: each file of tests takes a name of its own.
 */
export async function asRuntimeRole(url: string, role: string): Promise<string> {
  const admin = await connection(url)
  await admin.query(
    `do $$ begin if to_regrole('${role}') is null then create role ${role} login; end if; end $$`,
  )
  await migrateDatabase(url, { runtimeRole: role })
  const address = new URL(url)
  address.username = role
  return address.href
}

/** A connection of the test's own, ended with the test; it may be cut off. */
export async function connection(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  atEnd(() => client.end().catch(() => {}))
  return client
}

/** A process on the queue, with a store of its own: both are closed with the test. */
export async function joined(url: string, options: Partial<CoordinatorOptions> = {}) {
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger, ...options })
  atEnd(async () => {
    await coordinator.close().catch(() => {})
    await store.close()
  })
  return { store, coordinator }
}

/** A store with the queue `q` opened, closed with the test. */
export async function opened(
  source: Parameters<typeof postgresStore>[0],
  options?: Parameters<typeof postgresStore>[1],
): Promise<LogStore> {
  const store = postgresStore(source, options)
  atEnd(() => store.close())
  await store.open('q')
  return store
}

/** Makes the rows of queue `q` again, which holds its lock meanwhile. @param first called under the lock */
export const rebuilding = (store: LogStore, first: () => void = () => {}) =>
  store.rebuild('q', 0, ({ version, now }) => {
    first()
    return { state: { ...idleState(now), version }, jobs: [] }
  })

/** The arguments of `job_queue_append` for one event, for a connection of the test's own. */
export async function appendArguments(client: pg.Client, version: number): Promise<unknown[]> {
  const now = 'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::float8 as now'
  const { rows } = await client.query<{ now: number }>(now)
  const at = rows[0]?.now ?? 0
  const event = {
    seq: version + 1,
    at,
    event_type: 'drain_requested',
    command_id: `c-${at}`,
    command_hash: 1,
  }
  const state = { status: 'idle', version: version + 1, active_count: 0, waiting_count: 0, updated_at: at }
  return ['q', version, JSON.stringify([event]), JSON.stringify({ state, jobs: [], gone: [] })]
}
