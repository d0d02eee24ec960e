import { invalidInput } from '../core/index.ts'
import { parseInstallation } from '../events/index.ts'
import { inSchema } from '../store/index.ts'

/**
 * What migrating needs of a database: one connection, not a pool, since a migration is one transaction over several calls. A `pg`
 * client and a PGlite database need one line each:
 *
 * @example
 * const connection = {
 *   query: async (sql, params) => (await client.query(sql, params)).rows,
 *   exec: async (sql) => { await client.query(sql) }, // PGlite: await db.exec(sql)
 * }
 */
export interface MigrationConnection {
  /** One statement; its rows. */
  query(sql: string, params?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Many statements, without parameters. */
  exec(sql: string): Promise<void>
}

/**
 * The same connection, for the statements about an installation in this schema: they are written for the default.
 * @throws InterlockError `invalid_input` for a name that no installation can have
 */
export function connectionIn(
  connection: MigrationConnection,
  schema: string | undefined,
): MigrationConnection {
  if (schema === undefined) return connection
  parseInstallation(schema)
  return {
    query: (sql, params) => connection.query(inSchema(sql, schema), params),
    exec: (sql) => connection.exec(sql),
  }
}

/** @throws InterlockError `invalid_input` for a word of SQL: it would need quotes wherever it is named */
export async function refuseWord(connection: MigrationConnection, schema: string | undefined): Promise<void> {
  if (schema === undefined) return
  const [row] = await connection.query('select quote_ident($1) as quoted', [schema])
  if (row?.['quoted'] === schema) return
  throw invalidInput(
    `schema "${schema}": this is a word of SQL; take another name, such as ${schema}_queue`,
    'schema',
  )
}
