import { InterlockError } from '../../core/index.ts'
import { type MigrationOutcome, migrate, migrationScript, schemaVersion } from '../../migrate/index.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { withStore } from '../store.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly print?: boolean
  readonly runtimeRole?: string
}

export function addMigrate(cli: Cli): void {
  cli
    .command<Options>(
      'migrate',
      'make the tables and functions, or bring them up to date; never harms what is there',
      [
        ['migrate --url postgres://localhost/app', 'in one transaction: all of it or nothing'],
        ['migrate --print > interlock.sql', 'the same as a script, for psql or the Supabase SQL editor'],
      ],
      async (frame, _, { print = false, runtimeRole }) => {
        const role = runtimeRole === undefined ? {} : { runtimeRole }
        if (print) return frame.emit({ script: migrationScript(role) }, migrationScript(role))
        const outcome = await migrateTarget(frame, role)
        frame.emit(outcome, outcomeText(outcome))
      },
    )
    .option('--print', 'print the SQL script and touch nothing')
    .option('--runtime-role <role>', 'a role that may run Interlock and nothing else; it must exist')
}

async function migrateTarget(frame: Frame, role: { runtimeRole?: string }): Promise<MigrationOutcome> {
  const target = frame.target()
  if (target.kind === 'postgres') return migratePostgres(target.url, role)
  if (role.runtimeRole !== undefined) {
    throw new InterlockError('invalid_input', '--runtime-role is for a PostgreSQL server; give its --url')
  }
  // The embedded database is migrated whenever it is opened.
  return withStore(frame, async () => ({ version: schemaVersion, applied: false }))
}

async function migratePostgres(url: string, role: { runtimeRole?: string }): Promise<MigrationOutcome> {
  const { Client } = (await import('pg')).default
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'interlock',
  })
  try {
    await client.connect().catch((error: unknown) => Promise.reject(unreachable(client, error)))
    return await migrate(
      {
        query: async (sql, params) => (await client.query(sql, params as unknown[])).rows,
        exec: async (sql) => void (await client.query(sql)),
      },
      role,
    )
  } finally {
    await client.end().catch(() => {})
  }
}

/** Never with the address as it was given: it may hold a password. */
function unreachable({ host, port }: { host: string; port: number }, error: unknown): InterlockError {
  const { message, code } = error as NodeJS.ErrnoException
  return new InterlockError(
    'store_unavailable',
    `the server at ${host}:${port} does not answer (${message || code}); check that it runs and that the address is right`,
  )
}

const outcomeText = ({ version, applied }: MigrationOutcome): string =>
  applied ? `migrated to ${version}` : `nothing to do: the database has migration ${version}`
