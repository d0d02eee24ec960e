import { invalidInput } from '../core/index.ts'
import { type ColumnNames, columnsLiteral } from './columns.ts'
import { bundleNames } from './compose.ts'
import { readMigrationFile } from './package-files.ts'
import { type StatusWords, statusesLiteral } from './statuses.ts'

export interface ScriptOptions {
  /**
   * Whose tables `jobs` and `workflow_executions` are: `new` makes both, `existing` makes neither, `any` (unless given)
   * makes them only where schema public has no table at all.
   */
  readonly account?: 'new' | 'existing' | 'any'
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
 * @throws InterlockError `invalid_input` for a role name that PostgreSQL cannot have, a status word or a column's name
 * @example
 * await writeFile('interlock.sql', migrationScript())
 */
export function migrationScript(options: ScriptOptions = {}): string {
  const { account = 'any', runtimeRole = '', statuses, columns } = options
  return readMigrationFile(bundleNames.clean)
    .replace(/^-- Made from.*\n-- Interlock.*\n-- One transaction/, scriptHeading)
    .replace("set local interlock.account = 'new';", `set local interlock.account = '${account}';`)
    .replace(
      "set local interlock.runtime_role = '';",
      () => `set local interlock.runtime_role = ${literal(runtimeRole)};`,
    )
    .replace(
      "set local interlock.statuses = '';",
      () => `set local interlock.statuses = ${statuses === undefined ? "''" : statusesLiteral(statuses)};`,
    )
    .replace(
      "set local interlock.columns = '';",
      () => `set local interlock.columns = ${columns === undefined ? "''" : columnsLiteral(columns)};`,
    )
    .replace(/^ {2}\('000', .*\n/m, '')
}

const scriptHeading = '-- Interlock, for every account, new or not.\n-- One transaction'

/** A role's name as a string literal. Names of 63 bytes at most, without control characters: so nothing can hide in one. */
function literal(role: string): string {
  if (Buffer.byteLength(role) > 63 || /[\p{Cc}\\]/u.test(role)) {
    throw invalidInput('runtimeRole: not the name of a role; name one that exists')
  }
  return `'${role.replaceAll("'", "''")}'`
}
