/** An account of its own for each test, with coordinators that take rows in. */
import type pg from 'pg'
import { onTestFinished } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { type ColumnNames, migrate } from '../../../src/engine/migrate/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import type { TransactionSql } from '../../../src/engine/transaction/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { join } from '../coordinator/support.ts'
import { connect, type Database, databaseMadeBy } from '../migrate/support.ts'

export interface Account extends Database {
  /** A store of its own, as another process has; closed with the test. */
  store(): LogStore
  coordinator(store?: LogStore, queue?: string): Promise<Coordinator>
  log(queue?: string): Promise<readonly RecordedEvent[]>
}

/** Statements of a program without a transaction of its own: each commits by itself. */
export const committing =
  (client: pg.Client): TransactionSql =>
  async (text, values) =>
    (await client.query(text, [...values])).rows

/**
 * @param tables SQL of the user's own tables, run before the migration; without it the migration makes them
 * @param prepare what comes before even those
 * @param columns the user's names for columns
 */
export async function account(
  tables?: string,
  prepare?: (db: Database) => Promise<void>,
  columns?: ColumnNames,
): Promise<Account> {
  const isOwn = tables !== undefined || prepare !== undefined
  const db = isOwn
    ? await databaseMadeBy(`${tables} ${prepare} ${JSON.stringify(columns)}`, async (made) => {
        await prepare?.(made)
        if (tables !== undefined) await made.exec(tables)
        await migrate(made, columns === undefined ? {} : { columns })
      })
    : await connect(await createDatabase('account', 'migrated'))
  const store = () => {
    const made = postgresStore(db.url)
    onTestFinished(() => made.close())
    return made
  }
  const reader = store()
  return {
    ...db,
    store,
    coordinator: (own = store(), queue = 'default') => join({ store: own, queue, pollMs: 100 }),
    log: async (queue = 'default') => (await reader.read(queue, 0, 10_000)).events,
  }
}

export const queuedJobs = (events: readonly RecordedEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : []))

/** Arrivals as they stand, the oldest first. */
export const arrivedJobs = async (db: Database): Promise<readonly unknown[]> =>
  (await db.query('select job_id from interlock.job_queue_arrivals order by id')).map((row) => row['job_id'])
