import type pg from 'pg'
import { migrate, migrationStatus } from '../../migrate/index.ts'
import { inSchema } from '../index.ts'

/** How long one statement of a migration may take, in milliseconds: indexes on a large table take their time. */
const STATEMENT_MS = 600_000

/**
 * Brings the database to this release, over a connection of its own, and follows no table of yours that it does not follow already. Does
 * nothing in a database of a later release. Any number of processes may do it at once.
 *
 * @throws InterlockError as `migrate` does; and what the driver throws
 */
export async function migrateFirst(connection: pg.Client, schema: string | undefined): Promise<void> {
  connection.on('error', () => {})
  const ask = async (text: string, values?: readonly unknown[]) => {
    const limited = { text, query_timeout: STATEMENT_MS, ...(values && { values: [...values] }) }
    return (await connection.query<Record<string, unknown>>(limited)).rows
  }
  try {
    await connection.connect()
    if ((await migrationStatus((text) => ask(inSchema(text, schema)))).state === 'newer') return
    await migrate({ query: ask, exec: async (text) => void (await ask(text)) }, { schema, follow: [] })
  } finally {
    connection.end().catch(() => {})
  }
}
