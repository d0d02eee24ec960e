import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { quickWasm } from './test/support/flags.ts'
import { RunOrder } from './test/support/run-order.ts'

/** Rules, laws and machines: no database, no process, so they answer at once. */
const pure = [
  ...['core', 'codec', 'property', 'machine', 'architecture', 'sim'],
  ...['audit', 'insight', 'doctor', 'operate', 'otel'],
].map((folder) => `test/${folder}/**/*.test.ts`)

const files = (...names: readonly string[]) => names.map((name) => `test/${name}.test.ts`)

/** Of these, the ones that replace a module, a machine or the clock: each needs a process of its own. The others share some. */
const alone = files('machine/mutants', 'audit/sabotage', 'property/replay', 'core/steps', 'sim/sim')

/** The same of the others. */
const databaseAlone = files(
  ...['coordinator/beats', 'coordinator/following', 'coordinator/failures', 'coordinator/of-process'],
  ...['worker/at-rest', 'supabase/docs', 'cli/pace'],
)

/** Shared by the files of a run: a server, and what takes long to make. Each file takes databases of its own. */
const globalSetup = ['run', 'postgres', 'once'].map((name) => `./test/support/${name}-global.ts`)

/** What real processes wait for is bounded by leases, not by the test; and a machine may be busy with something else. */
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than there are cores, since many tests wait for a lease to run out. With two more, processes starved.
    maxWorkers: Math.min(4, availableParallelism() + 1),
    sequence: { sequencer: RunOrder },
    setupFiles: ['./test/support/setup.ts'],
    ...timeouts,
    // What is waited for comes at once, unless the machine is busy: the default of a second is over before that.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: pure, exclude: alone, isolate: false },
      },
      { extends: true, test: { name: 'alone', include: alone } },
      {
        extends: true,
        test: {
          ...{ name: 'database', include: ['test/**/*.test.ts'], exclude: [...pure, ...databaseAlone] },
          ...{ isolate: false, globalSetup, execArgv: [...quickWasm] },
        },
      },
      {
        extends: true,
        test: { name: 'database alone', include: databaseAlone, globalSetup },
      },
    ],
  },
})
