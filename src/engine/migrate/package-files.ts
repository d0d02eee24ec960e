import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InterlockError, manual } from '../core/index.ts'

let root: string | undefined

/**
 * The folder of the package: above src/ in a clone, above dist/src/ in an installed package. Looked up only when a file is
 * needed, so that a program without files can be bundled.
 */
export function packageRoot(): string {
  root ??= findPackageRoot()
  return root
}

function findPackageRoot(): string {
  for (let folder = here(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'migrations', 'functions'))) {
      return folder
    }
    if (dirname(folder) === folder) throw lost()
  }
}

/** A bundle in CommonJS does not know where it is. */
function here(): string {
  if (import.meta.url === undefined) throw lost()
  return dirname(fileURLToPath(import.meta.url))
}

const lost = () =>
  new InterlockError(
    'not_migrated',
    `the .sql files of interlock-queue are not beside this program: it was bundled without them; leave interlock-queue out of the bundle (${manual.bundlers}), or run \`npx interlock-queue migrate\` beforehand`,
  )

/** The folder of the .sql files, which are published unchanged. */
export const migrationsFolder = (): string => join(packageRoot(), 'migrations')

/** The text of a file under migrations/. */
export function readMigrationFile(...path: readonly string[]): string {
  return readFileSync(join(migrationsFolder(), ...path), 'utf8')
}

/** The names of the .sql files in a folder under migrations/, sorted by code units, the same on every machine. */
export function listMigrationFiles(folder: string): readonly string[] {
  const names = readdirSync(join(migrationsFolder(), folder)).filter((name) => name.endsWith('.sql'))
  return names.sort((a, b) => (a < b ? -1 : 1))
}
