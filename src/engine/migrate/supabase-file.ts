import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { migrationScript, type ScriptOptions } from './script.ts'
import { schemaVersion } from './version.ts'

export interface WrittenMigration {
  /** The file of the migration. */
  readonly file: string
  /** Whether it was written; false: the newest of Interlock's files there has the same text already. */
  readonly written: boolean
}

/**
 * Writes the migration into the folder of a Supabase project (`supabase/migrations`), named as the Supabase command line names
 * them: `<time>_interlock_<version>.sql`. A later release writes another file; pushed files never change.
 * @param now the time in the name; files run in the order of it
 */
export async function writeSupabaseMigration(
  folder: string,
  now: Date,
  options: ScriptOptions = {},
): Promise<WrittenMigration> {
  await mkdir(folder, { recursive: true })
  const script = migrationScript(options)
  const newest = (await readdir(folder))
    .filter((name) => /^\d{14}_interlock_\w+\.sql$/.test(name))
    .sort()
    .at(-1)
  if (newest !== undefined) {
    const file = path.join(folder, newest)
    if ((await readFile(file, 'utf8')) === script) return { file, written: false }
  }
  const stamp = now.toISOString().replace(/\D/g, '').slice(0, 14)
  const file = path.join(folder, `${stamp}_interlock_${schemaVersion}.sql`)
  // Never overwrites a file: it may have been pushed.
  await writeFile(file, script, { flag: 'wx' })
  return { file, written: true }
}
