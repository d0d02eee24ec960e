import { createHash } from 'node:crypto'
import { inSchema } from '../store/index.ts'
import { columnUses, ownNames } from './columns.ts'
import { listMigrationFiles, readMigrationFile } from './package-files.ts'
import { withoutComments } from './plain-sql.ts'
import { functionTexts, innerFunctions, interlockFunctions } from './sql-functions.ts'
import { innerTables, interlockTables, layoutVersion, schemaVersion } from './version.ts'

/** The file for an account without tables, and the one for an account that has its own. */
export const bundleNames = {
  clean: '000_clean_schema.sql',
  existing: '027_add_job_queue_coordination.sql',
} as const

/** The way back to the first coordinator is no part of them. */
const undoPart = 'undo_first_coordinator.sql'
const newAccountPart = '30_new_account.sql'

/** In a schema of its own there was nothing before, and the first coordinator has never been there. */
const defaultParts: readonly string[] = ['10_first_coordinator.sql', '12_move.sql']

/** Parts below this number only look. */
const firstPartThatChanges = '10'

/** Parts below this number come before the functions, the others after: triggers and grants need them. */
const firstPartAfterFunctions = '60'

/**
 * Every bundle by its file name, made from the parts: `npm run generate -- bundle` writes them. A bundle is plain SQL
 * that runs as it is, in psql or in the Supabase SQL editor.
 */
export function bundles(): ReadonlyMap<string, string> {
  return new Map([
    [bundleNames.clean, bundle(heading.clean, true)],
    [bundleNames.existing, bundle(heading.existing, false)],
  ])
}

/** The file for an account without tables, with all of Interlock in this schema. */
export const schemaBundle = (schema: string): string =>
  inSchema(bundle(heading.clean, true, defaultParts), schema)

/**
 * What finds out what the migration would do: its parts up to the first that changes something. It stands in no file.
 */
export const planScript = (schema?: string): string =>
  inSchema(
    filled(
      listMigrationFiles('parts')
        .filter((part) => part < firstPartThatChanges)
        .map((part) => readMigrationFile('parts', part))
        .join('\n'),
    ).replaceAll('{{account}}', 'new'),
    schema,
  )

/** The way back as a script, for psql or the Supabase SQL editor. */
export const undoScript = (): string => filled(readMigrationFile('parts', undoPart))

/** SHA-256 over everything that both bundles share: the same database has the same checksum either way. */
export function schemaChecksum(): string {
  const shared = body(false).replace('{{records}}', '')
  return createHash('sha256').update(shared).digest('hex')
}

const generated =
  '-- Made from migrations/parts and migrations/functions by `npm run generate`: change those (migrations/README.md).\n'

const heading = {
  clean: `-- Interlock ${schemaVersion}, for a new account: its own tables, and minimal jobs and workflow_executions.
-- One transaction; running it again changes nothing.\n`,
  existing: `-- Interlock ${schemaVersion}, for an account that has tables: adds Interlock's, and coordination columns to jobs and
-- workflow_executions where they exist. Rows, policies and grants of yours stay as they are.
-- One transaction; running it again changes nothing.\n`,
}

function bundle(title: string, newAccount: boolean, without: readonly string[] = []): string {
  const versions = [...(newAccount ? ['000'] : []), schemaVersion, layoutVersion]
  const records = versions.map((version) => `  ('${version}', '${schemaChecksum()}')`).join(',\n')
  return `${generated}${title}\n${body(newAccount, without).replace('{{records}}', `\n${records}`)}`
}

function body(newAccount: boolean, without: readonly string[] = []): string {
  const parts = listMigrationFiles('parts').filter((part) => part !== undoPart && !without.includes(part))
  const wanted = parts.filter((part) => newAccount || part !== newAccountPart)
  const texts = [
    ...wanted
      .filter((part) => part < firstPartAfterFunctions)
      .map((part) => readMigrationFile('parts', part)),
    ...functionTexts(),
    ...wanted
      .filter((part) => part >= firstPartAfterFunctions)
      .map((part) => readMigrationFile('parts', part)),
  ]
  return filled(withoutComments(texts.join('\n'))).replaceAll('{{account}}', newAccount ? 'new' : 'existing')
}

const filled = (text: string): string =>
  text
    .replaceAll('{{version}}', schemaVersion)
    .replaceAll('{{layout}}', layoutVersion)
    .replaceAll('{{tables}}', interlockTables.join(','))
    .replaceAll('{{inner_tables}}', innerTables.join(','))
    .replaceAll('{{inner_functions}}', innerFunctions().join(','))
    .replaceAll('{{functions}}', interlockFunctions().join(','))
    .replaceAll('{{columns}}', columnUses())
    .replaceAll('{{names}}', ownNames())
