import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { quickWasm } from './test/support/flags.ts'
import { ALONE, type Lane, lanesOf } from './test/support/lanes.ts'
import { RunOrder } from './test/support/run-order.ts'

/** Shared by the files of a run: a server, and what takes long to make. Each file takes databases of its own. */
const globalSetup = ['run', 'postgres', 'once'].map((name) => `./test/support/${name}-global.ts`)

/** What real processes wait for is bounded by leases, not by the test; and a machine may be busy with something else. */
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 }

/** What the files of a lane have in common. Files share processes, but for those that replace a module, a machine or the clock. */
function projectsOf(lane: Lane) {
  const setup = lane === 'fast' ? {} : { globalSetup }
  const shared = lane === 'fast' ? { isolate: false } : { isolate: false, execArgv: [...quickWasm] }
  const test = {
    name: lane,
    include: [`test/${lane}/**/*.test.ts`],
    exclude: [`**/*${ALONE}`],
    ...setup,
    ...shared,
  }
  const alone = { name: `${lane} alone`, include: [`test/${lane}/**/*${ALONE}`], ...setup }
  return [test, alone].map((project) => ({ extends: true, test: project }) as const)
}

export default defineConfig(({ mode }) => ({
  test: {
    pool: 'forks',
    // One more than there are cores, since many tests wait for a lease to run out. With two more, processes starved.
    maxWorkers: Math.min(4, availableParallelism() + 1),
    sequence: { sequencer: RunOrder },
    setupFiles: ['./test/support/setup.ts'],
    ...timeouts,
    // What is waited for comes at once, unless the machine is busy: the default of a second is over before that.
    expect: { poll: { timeout: 20_000 } },
    projects: lanesOf(mode, process.argv.slice(2)).flatMap(projectsOf),
  },
}))
