import { invalidInput } from '../core/index.ts'
import { parseInstallation } from '../events/index.ts'
import { type ColumnNames, columnsLiteral, type UserTable, userTables } from './columns.ts'
import { bundleNames, schemaBundle } from './compose.ts'
import { readMigrationFile } from './package-files.ts'
import { type StatusWords, statusesLiteral } from './statuses.ts'

export interface ScriptOptions {
  /**
   * All of Interlock in this schema, instead of in `public` and in `interlock`: an installation of its own, with queues of its own, beside
   * others in this database. 1 to 40 small letters, digits and `_`; nothing else may be in it. Your tables stay in `public`; each is followed by
   * one installation.
   */
  readonly schema?: string | undefined
  /**
   * Whose tables `jobs` and `workflow_executions` are: `new` makes both, `existing` makes neither, `any` (unless given)
   * makes them only where schema public has no table at all. Beside `schema`: `existing` unless given.
   */
  readonly account?: 'new' | 'existing' | 'any'
  /**
   * Your tables that Interlock follows from now on: it adds columns, indexes and triggers to them. Those that it follows already stay
   * followed, and so do those of the first coordinator. `[]`: no other. Unless given, also a `jobs` that has `job_id`, `status` and `model`,
   * and with it `workflow_executions`.
   */
  readonly follow?: readonly UserTable[]
  /** Makes `jobs` if there is none. */
  readonly makeJobs?: boolean
  /** On plain PostgreSQL: a role that may run Interlock and nothing else. It must exist. */
  readonly runtimeRole?: string
  /**
   * Your words for the states of a job (`{ running: 'processing' }`), where they differ from `pending`, `running`,
   * `completed`, `failed`, `cancelled` and `expired`. Kept in `job_queue_settings`; states that are not named stay.
   */
  readonly statuses?: StatusWords
  /**
   * Your names for columns of `jobs` and `workflow_executions` (`{ jobs: { job_id: 'id', status: 'state' } }`), where they
   * differ. What you have must be there; a coordination column is made under the name given. Kept in `job_queue_settings`;
   * columns that are not named stay. docs/guides/migration-guide.md has the list.
   */
  readonly columns?: ColumnNames
}

/**
 * One plain SQL script that migrates every account, for psql or the Supabase SQL editor; what
 * `interlock migrate --print` prints. One transaction; running it again changes nothing.
 *
 * @throws InterlockError `invalid_input` for a role name that PostgreSQL cannot have, a status word, a column's name or a schema's
 * @example
 * await writeFile('interlock.sql', migrationScript())
 */
export function migrationScript(options: ScriptOptions = {}): string {
  const { schema } = options
  const script =
    schema === undefined ? readMigrationFile(bundleNames.clean) : schemaBundle(parseInstallation(schema))
  return withSettings(script, options)
    .replace(/^-- Made from.*\n-- Interlock.*\n-- One transaction/, scriptHeading(schema))
    .replace(/^ {2}\('000', .*\n/m, '')
}

/** What a script begins with says what was asked for. */
export function withSettings(script: string, options: ScriptOptions): string {
  const { schema, runtimeRole = '', statuses, columns, follow, makeJobs = false } = options
  const { account = schema === undefined ? 'any' : 'existing' } = options
  const settings = {
    account: `'${account}'`,
    runtime_role: literal(runtimeRole),
    statuses: statuses === undefined ? "''" : statusesLiteral(statuses),
    columns: columns === undefined ? "''" : columnsLiteral(columns),
    follow: follow === undefined ? "''" : `'${checkedTables(follow).join(',') || 'none'}'`,
    make_jobs: makeJobs ? "'true'" : "''",
  }
  return Object.entries(settings).reduce(
    (text, [name, value]) =>
      text.replace(
        new RegExp(`^set local interlock\\.${name} = '.*';$`, 'm'),
        () => `set local interlock.${name} = ${value};`,
      ),
    script,
  )
}

function checkedTables(follow: readonly UserTable[]): readonly UserTable[] {
  const unknown = follow.find((table) => !userTables.includes(table))
  if (unknown === undefined) return follow
  throw invalidInput(
    `follow: Interlock follows ${userTables.join(' and ')}, not ${String(unknown).slice(0, 80)}`,
    'follow',
  )
}

const scriptHeading = (schema: string | undefined): string =>
  schema === undefined
    ? '-- Interlock, for every account, new or not.\n-- One transaction'
    : `-- Interlock, all of it in the schema ${schema}; for queries that name no schema: SET search_path = ${schema}, public;\n-- One transaction`

/** A role's name as a string literal. Names of 63 bytes at most, without control characters: so nothing can hide in one. */
function literal(role: string): string {
  if (Buffer.byteLength(role) > 63 || /[\p{Cc}\\]/u.test(role)) {
    throw invalidInput('runtimeRole: not the name of a role; name one that exists')
  }
  return `'${role.replaceAll("'", "''")}'`
}
