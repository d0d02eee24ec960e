import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Rules, laws and machines: no database, no process, so they answer at once. */
const pure = [
  ...['core', 'codec', 'property', 'machine', 'architecture', 'sim'],
  ...['audit', 'insight', 'doctor', 'operate', 'otel'],
].map((folder) => `test/${folder}/**/*.test.ts`)

/** Of these, the ones that replace a module, a machine or the clock: each needs a process of its own. The others share some. */
const alone = ['machine/mutants', 'audit/sabotage', 'property/replay', 'core/steps', 'sim/sim'].map(
  (file) => `test/${file}.test.ts`,
)

/** Real processes: slow to start, and what they wait for is bounded by leases, not by the test. */
const process = ['process', 'e2e', 'cli'].map((folder) => `test/${folder}/**/*.test.ts`)

const postgres = './test/support/postgres-global.ts'
const once = './test/support/once-global.ts'

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than there are cores: many tests wait for a lease to run out.
    maxWorkers: Math.min(4, availableParallelism() + 1),
    // What is waited for comes at once, unless the machine is busy: the default of a second is over before that.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: pure, exclude: alone, isolate: false, testTimeout: 60_000 },
      },
      { extends: true, test: { name: 'alone', include: alone, testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'database',
          include: ['test/**/*.test.ts'],
          exclude: [...pure, ...process],
          globalSetup: [postgres, once],
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: process,
          globalSetup: [postgres, once],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
