import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where package.json is: above src/ in a clone, above dist/src/ in an installed package. */
function findPackageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder)
      throw new Error('interlock-queue: the package has lost its package.json; install it again')
    folder = parent
  }
  return folder
}

/** The folder of the package. */
export const packageRoot = findPackageRoot()

/** The folder of the .sql files, which are published as they are. */
export const migrationsFolder = join(packageRoot, 'migrations')

/** The text of a file under migrations/. */
export function readMigrationFile(...path: readonly string[]): string {
  return readFileSync(join(migrationsFolder, ...path), 'utf8')
}

/** The names of the .sql files in a folder under migrations/, sorted by code units, the same on every machine. */
export function listMigrationFiles(folder: string): readonly string[] {
  const names = readdirSync(join(migrationsFolder, folder)).filter((name) => name.endsWith('.sql'))
  return names.sort((a, b) => (a < b ? -1 : 1))
}
