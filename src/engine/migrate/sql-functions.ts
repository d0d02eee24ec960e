import { withJobTable } from './job-sql.ts'
import { listMigrationFiles, readMigrationFile } from './package-files.ts'

/** A function of Interlock as it stands in the file of its subject, under migrations/functions. */
export interface SqlFunction {
  /** `public` is what programs call, `interlock` what only other functions do. */
  readonly schema: string
  readonly name: string
  /** What it does, its arguments, answer and errors, as comment lines. */
  readonly header: string
  /** `create or replace function … $$;` */
  readonly statement: string
}

/** The files of functions, in the order in which they run. */
export const functionTexts = (): readonly string[] =>
  listMigrationFiles('functions').map((file) => withJobTable(readMigrationFile('functions', file)))

/**
 * Every function, sorted by name. Its statement names it: a file has the functions of one subject. The files run in the order of
 * their names, each from top to bottom, since PostgreSQL checks a `language sql` body when it is created: what it calls must be there.
 */
export function sqlFunctions(): readonly SqlFunction[] {
  return functionTexts()
    .flatMap(functionsOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

const functionsOf = (text: string): SqlFunction[] =>
  [
    ...text.matchAll(/((?:^--.*\n)*)(^create or replace function (\w+)\.(job_queue_\w+)\([\s\S]*?^\$\$;$)/gm),
  ].map(([, header = '', statement = '', schema = '', name = '']) => ({ schema, name, header, statement }))

/** The names of those in schema interlock. */
export const innerFunctions = (): readonly string[] =>
  sqlFunctions().flatMap(({ schema, name }) => (schema === 'interlock' ? [name] : []))

/** The names of the functions. */
export const interlockFunctions = (): readonly string[] => sqlFunctions().map(({ name }) => name)
