import type { PGlite, Transaction } from '@electric-sql/pglite'
import { type DatabaseRow, type DevDatabase, settingStatement } from './database.ts'

/** The embedded database, which this process has open. It has one connection, so requests run one after the other. */
export function embeddedDatabase(name: string, db: PGlite, close: () => Promise<void>): DevDatabase {
  const rowsOf = async (on: Pick<Transaction, 'query'>, sql: string, values: readonly unknown[]) =>
    (await on.query<DatabaseRow>(sql, [...values])).rows
  return {
    name,
    query: (sql, values = []) => rowsOf(db, sql, values),
    exec: async (sql) => {
      try {
        return ((await db.exec(sql)).at(-1)?.rows ?? []) as DatabaseRow[]
      } finally {
        // All requests share this connection: none may run in another's open transaction, or with its role.
        await db.exec('rollback; reset session authorization')
      }
    },
    transaction: (mode, settings, work) =>
      db.transaction(async (transaction) => {
        await transaction.exec(`set transaction isolation level read committed, ${mode}`)
        const { text, values } = settingStatement(settings)
        await rowsOf(transaction, text, values)
        return work({ query: (sql, given = []) => rowsOf(transaction, sql, given) })
      }),
    listen: async (channel, onPayload) => void (await db.listen(channel, onPayload)),
    close,
  }
}
