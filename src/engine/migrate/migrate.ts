import type { AccountFinding } from '../store/index.ts'
import { schemaChecksum } from './compose.ts'
import { connectionIn, type MigrationConnection, refuseWord } from './connection.ts'
import { missingObjects } from './missing.ts'
import { migrationFailure } from './refusal.ts'
import { migrationScript, type ScriptOptions } from './script.ts'
import { migrationStatus } from './status.ts'
import { schemaVersion } from './version.ts'

export interface MigrationOutcome {
  /** The migration that the database has now; under `check` or if nobody agreed, the one that it would have. */
  readonly version: string
  /** Whether something was done; false: it had that migration already, it was only checked, or nobody agreed. */
  readonly applied: boolean
  /** Why tables named jobs or workflow_executions are not followed, and what to do. Absent: there are none. */
  readonly passedOver?: readonly string[]
  /** `{ check, level, what, remedy }`: what is in the way in the tables that it follows, or may be a mistake there. Absent: nothing. */
  readonly found?: readonly AccountFinding[]
}

export interface MigrateOptions extends ScriptOptions {
  /** Run even if the database has this migration: repairs functions, triggers and grants that were changed since. */
  readonly again?: boolean
  /** Does everything and rolls it back: shows what it finds, changes nothing. Tables are locked meanwhile. */
  readonly check?: boolean
}

/**
 * Brings a database to this release's tables and functions, in one transaction: all or nothing, whatever interrupts it.
 * Any number of processes may do it at once: one applies, the others find it done. In an account without any table, `jobs` and
 * `workflow_executions` are made. Those that you have are followed as `follow` says, or else stay as they are.
 *
 * @param given one connection, outside a transaction; as the owner of the tables (on Supabase: postgres)
 * @throws InterlockError `first_coordinator_active`, `database_newer`, `not_migrated` (a table or column of yours is in
 * the way: the message names it), `contention` (a table was locked for 10 s), `store_unwritable`, `invalid_input`
 * (a role, a status word, a name of a column or of a schema that cannot be; a table that another installation follows)
 * @example
 * const client = await pool.connect()
 * await migrate({ query: async (sql, params) => (await client.query(sql, params)).rows, exec: (sql) => client.query(sql) })
 */
export async function migrate(
  given: MigrationConnection,
  options: MigrateOptions = {},
): Promise<MigrationOutcome> {
  const connection = connectionIn(given, options.schema)
  const script = insideTransaction(migrationScript(options))
  return inTransaction(
    connection,
    async () => {
      await refuseWord(connection, options.schema)
      await connection.query("select pg_advisory_xact_lock(hashtextextended('interlock.migrate', 0))")
      if (await isDone(connection, options)) return { version: schemaVersion, applied: false }
      await connection.exec(script)
      const passedOver = await said<string>(connection, 'interlock.passed_over')
      const found = await said<AccountFinding>(connection, 'interlock.found')
      return {
        version: schemaVersion,
        applied: options.check !== true,
        ...(passedOver.length > 0 ? { passedOver } : {}),
        ...(found.length > 0 ? { found } : {}),
      }
    },
    options.check === true ? 'rollback' : 'commit',
  )
}

/** What the script has reported about the user's tables. The report ends with this transaction. */
async function said<What>(connection: MigrationConnection, setting: string): Promise<readonly What[]> {
  const [row] = await connection.query('select current_setting($1, true) as said', [setting])
  return JSON.parse(String(row?.['said'] || '[]'))
}

/**
 * The functions of one version change only while it is being developed; the checksum shows that. Missing objects have to be
 * created: they were dropped, or something that they depend on came later. A wish is looked at in any case.
 */
export async function isDone(connection: MigrationConnection, options: MigrateOptions): Promise<boolean> {
  const {
    again = false,
    check = false,
    makeJobs = false,
    follow = [],
    runtimeRole,
    statuses,
    columns,
  } = options
  const wishes = [runtimeRole, statuses, columns].filter((wish) => wish !== undefined)
  if (again || check || makeJobs || follow.length > 0 || wishes.length > 0) return false
  const query: MigrationConnection['query'] = (sql, params) => connection.query(sql, params)
  const status = await migrationStatus(query)
  if (status.state !== 'current' || status.checksum !== schemaChecksum()) return false
  return (await missingObjects(query)).length === 0
}

/** The script without its own transaction, which is for people who run it by hand. */
export const insideTransaction = (script: string): string =>
  script.replace(/^begin;$/m, '').replace(/^commit;$/m, '')

/** Runs `work` in a transaction. A failed one is rolled back: PGlite's one connection is useless before that. */
export async function inTransaction<Out>(
  connection: MigrationConnection,
  work: () => Promise<Out>,
  end: 'commit' | 'rollback',
): Promise<Out> {
  await connection.exec('begin')
  try {
    const result = await work()
    await connection.exec(end)
    return result
  } catch (error) {
    // A broken connection cannot be rolled back, and need not be. The first error is the one to report.
    await connection.exec('rollback').catch(() => {})
    throw migrationFailure(error)
  }
}
