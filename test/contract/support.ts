import pg from 'pg'
import { migrate } from '../../src/migrate/index.ts'
import { createDatabase } from '../support/postgres-database.ts'

/** A new database with Interlock's tables; its URL. */
export async function migratedDatabase(): Promise<string> {
  const url = await createDatabase('contract')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await migrate({
    query: async (sql, parameters) =>
      (await client.query(sql, parameters ? [...parameters] : undefined)).rows,
    exec: async (sql) => {
      await client.query(sql)
    },
  })
  await client.end()
  return url
}
