import path from 'node:path'
import { forShell, InterlockError, invalidInput } from '../../../engine/core/index.ts'
import {
  type ColumnNames,
  type MigrateOptions,
  type MigrationConnection,
  migrate,
  migrationPlan,
  migrationScript,
  type StatusWords,
  schemaVersion,
  type UserTable,
  undoFirstCoordinator,
  undoScript,
  type WrittenMigration,
  writeSupabaseMigration,
} from '../../../engine/migrate/index.ts'
import { unreachable } from '../../../engine/process/index.ts'
import { loadDriver } from '../../../engine/store/index.ts'
import { routeTo } from '../../../engine/store/postgres/connections.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { collect } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { type MigrateDocument, outcomeText, planText } from '../show/migration.ts'
import { emptyFolder, storeForAMoment } from '../store.ts'
import { isConfirmed } from '../terminal/ask.ts'

interface Options {
  readonly again?: boolean
  readonly check?: boolean
  readonly column?: readonly string[]
  readonly follow?: readonly UserTable[]
  readonly makeJobs?: boolean
  readonly print?: boolean
  readonly runtimeRole?: string
  readonly status?: readonly string[]
  readonly supabase?: string | true
  readonly undo?: boolean
  readonly yes?: boolean
}

export function addMigrate(cli: Cli): void {
  cli
    .command<Options>(
      'migrate',
      [
        ['migrate --url postgres://localhost/app', 'shows what it will do, asks, does all of it or nothing'],
        ['migrate --follow jobs', 'rows of your table jobs become jobs: it gains columns and triggers'],
        ['migrate --make-jobs', 'makes a table jobs where there is none'],
        [
          'migrate --check',
          'tries all of it and rolls it back; exit code 3 if there is a problem. Whether a database is migrated, `interlock status` says',
        ],
        ['migrate --print > interlock.sql', 'the same as a script, for psql or the Supabase SQL editor'],
        ['migrate --supabase', 'the same as a file in supabase/migrations, for `supabase db push`'],
        ['migrate --schema app', 'all of it in the schema app: an installation of its own, beside others'],
        ['migrate --again', 'repairs functions, triggers and grants that were changed by hand'],
        ['migrate --undo', 'back to the first coordinator, whose tables were kept'],
      ],
      async (frame, _, { column, print = false, status, supabase, undo, yes = false, ...flags }) => {
        const { schema } = frame
        if (schema !== undefined) checkWithSchema(schema, { undo, supabase })
        if (undo === true) return await undoTarget(frame, print)
        const { again, check, follow, makeJobs, runtimeRole } = flags
        const options = {
          ...(schema === undefined ? undefined : { schema }),
          ...(again === undefined ? undefined : { again }),
          ...(check === undefined ? undefined : { check }),
          ...(follow === undefined ? undefined : { follow }),
          ...(makeJobs === undefined ? undefined : { makeJobs }),
          ...(runtimeRole === undefined ? undefined : { runtimeRole }),
          ...(column === undefined ? undefined : { columns: namesOf(column) }),
          ...(status === undefined ? undefined : { statuses: wordsOf(status) }),
        }
        if (supabase !== undefined) {
          const folder = supabase === true ? path.join('supabase', 'migrations') : supabase
          const written = await writeSupabaseMigration(folder, new Date(), options)
          return frame.emit(written, writtenText(written))
        }
        if (print) return emitScript(frame, migrationScript(options))
        const done = await migrateTarget(frame, options, yes)
        const outcome = schema === undefined ? done : { ...done, searchPath: `${schema}, public` }
        frame.emit(outcome, outcomeText(frame, outcome, check))
        if (check === true && outcome.found?.some(({ level }) => level === 'problem'))
          throw new FoundSomething()
      },
    )
    .option('--print', 'print the SQL script and touch nothing')
    .option(
      '--supabase [folder]',
      'write it into the migrations of a Supabase project (default: supabase/migrations)',
    )
    .option(
      '--follow <table>',
      'your table that Interlock shall follow, jobs or workflow_executions; may be repeated',
      collect,
    )
    .option('--make-jobs', 'make a table jobs, if there is none')
    .option('--yes', 'on a terminal: do not ask first')
    .option('--runtime-role <role>', 'a role that may run Interlock and nothing else; it must exist')
    .option(
      '--status <state=word>',
      'your word in jobs.status, e.g. running=processing; may be repeated',
      collect,
    )
    .option(
      '--column <table.column=yours>',
      'your name for a column, e.g. jobs.job_id=id or jobs.status=state; may be repeated',
      collect,
    )
    .option('--check', 'try all of it and roll it back: shows problems, changes nothing')
    .option('--again', 'run it even if the database has this migration')
    .option('--undo', 'give the first coordinator its tables back; with --print only show the script')
}

/** @throws InterlockError `invalid_input` for what is of the default alone */
function checkWithSchema(
  schema: string,
  { undo, supabase }: Readonly<Record<'undo' | 'supabase', unknown>>,
): void {
  if (supabase !== undefined)
    throw invalidInput(
      `--supabase writes the default alone, which Interlock over the API needs; for postgresStore in the schema ${schema}, put what \`npx interlock-queue migrate --schema ${forShell(schema)} --print\` prints into a migration of yours`,
    )
  if (undo === true)
    throw invalidInput(
      `--undo gives the first coordinator its tables back, and nothing of it is in the schema ${schema}; to remove that installation, stop its workers, then: DROP SCHEMA ${schema} CASCADE (tables that it follows lose its triggers, and keep their rows and columns)`,
    )
}

/** The migration refuses unknown states and words. */
const wordsOf = (flags: readonly string[]): StatusWords =>
  Object.fromEntries(flags.map((flag) => flag.split(/=(.*)/s).slice(0, 2)))

/** `jobs.status=state` and the like. The migration refuses tables and columns that Interlock does not use. */
function namesOf(flags: readonly string[]): ColumnNames {
  const named = flags.map((flag) => {
    const [, table, column = '', yours] = /^([^.=]+)\.([^=]+)=(.+)$/s.exec(flag) ?? []
    if (table === undefined) {
      const message = `--column ${flag}: give <table>.<column>=<yours>, such as jobs.status=state`
      throw invalidInput(message)
    }
    return { table, entry: [column, yours] as const }
  })
  const tables = Map.groupBy(named, ({ table }) => table)
  return Object.fromEntries(
    [...tables].map(([table, list]) => [table, Object.fromEntries(list.map(({ entry }) => entry))]),
  )
}

interface ScriptDocument {
  /** The SQL script. */
  readonly script: string
}

interface UndoneDocument {
  /** The first coordinator has its tables again. */
  readonly undone: true
  /** What stays. */
  readonly stays: readonly string[]
}

async function migrateTarget(frame: Frame, options: MigrateOptions, yes: boolean): Promise<MigrateDocument> {
  const target = frame.target()
  if (target.kind === 'postgres') {
    return withConnection(target.url, (connection) => migratePostgres(frame, connection, options, yes))
  }
  if (target.kind === 'supabase') {
    throw invalidInput(
      'the API of a Supabase project cannot create tables; write a file with `npx interlock-queue migrate --supabase` and push it (`supabase db push`), or paste what `npx interlock-queue migrate --print` prints into the SQL editor',
    )
  }
  if (Object.keys(options).length > 0) {
    const message =
      '--follow, --make-jobs, --runtime-role, --status, --column, --check and --again are for a PostgreSQL server; give its --url'
    throw invalidInput(message)
  }
  // The embedded database is migrated whenever it is opened.
  const applied = emptyFolder(target) !== null
  const store = await storeForAMoment(target)
  try {
    await store.open(frame.queue)
    return { version: schemaVersion, applied }
  } finally {
    await store.close()
  }
}

/**
 * On a terminal it shows the plan and asks. Without one nobody can say that a table is meant: then only those are followed that are named
 * or were followed before.
 */
async function migratePostgres(
  frame: Frame,
  connection: MigrationConnection,
  options: MigrateOptions,
  yes: boolean,
): Promise<MigrateDocument> {
  const asks = !yes && frame.surface.keys !== undefined && options.check !== true
  const isAnswered = yes || frame.surface.keys !== undefined
  const meant = isAnswered ? options : { ...options, follow: options.follow ?? [] }
  const plan = await migrationPlan(connection, meant)
  if (plan.length === 0) return migrate(connection, meant)
  if (asks) {
    frame.note(planText(frame, plan))
    if (!(await isConfirmed(frame, 'migrate?'))) return { version: schemaVersion, applied: false, plan }
  }
  return { ...(await migrate(connection, meant)), plan }
}

const emitScript = (frame: Frame, script: string): void =>
  frame.emit({ script } satisfies ScriptDocument, script.trimEnd().split('\n'))

async function undoTarget(frame: Frame, print: boolean): Promise<void> {
  if (print) return emitScript(frame, undoScript())
  const target = frame.target()
  if (target.kind !== 'postgres') {
    throw invalidInput(
      '--undo needs a PostgreSQL server; on Supabase paste what `npx interlock-queue migrate --undo --print` prints into the SQL editor',
    )
  }
  const stays = await withConnection(target.url, undoFirstCoordinator)
  const lines = [
    'the first coordinator has its tables again; what stays:',
    ...stays.map((what) => `  ${what}`),
  ]
  frame.emit({ undone: true, stays } satisfies UndoneDocument, lines)
}

async function withConnection<T>(
  url: string,
  use: (connection: MigrationConnection) => Promise<T>,
): Promise<T> {
  const driver = (await loadDriver('pg', () => import('pg'))).default
  const { Client, config, hosts } = routeTo(driver, {
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'interlock',
  })
  const client = new Client(config)
  // Between two statements nobody else hears that the connection broke; the next statement says so.
  client.on('error', () => {})
  try {
    await client.connect().catch((error: unknown) => {
      throw error instanceof InterlockError ? error : unreachable(client, error)
    })
    return await use({
      query: async (sql, params) => (await client.query(sql, params as unknown[])).rows,
      exec: async (sql) => void (await client.query(sql)),
    })
  } finally {
    hosts?.close()
    await client.end().catch(() => {})
  }
}

const writtenText = ({ file, written }: WrittenMigration): string =>
  written ? `wrote ${file}; next: supabase db push` : `nothing to do: ${file} is the same`
