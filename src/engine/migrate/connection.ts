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
