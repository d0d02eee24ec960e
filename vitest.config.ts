import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { filesOf, type Project, projectOf } from './test/placement.ts'
import { quickWasm } from './test/support/flags.ts'
import { RunOrder } from './test/support/run-order.ts'

/** Shared by the files of a run: a server, and what takes long to make. Each file takes databases of its own. */
const globalSetup = ['run', 'postgres', 'once'].map((name) => `./test/support/${name}-global.ts`)

/** What real processes wait for is bounded by leases, not by the test; and a machine may be busy with something else. */
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 }

/** What the files of a project have in common. */
const projects: Readonly<Record<Project, object>> = {
  pure: { isolate: false },
  alone: {},
  database: { isolate: false, globalSetup, execArgv: [...quickWasm] },
  'database alone': { globalSetup },
}

export default defineConfig(({ mode }) => {
  const files = filesOf(mode, process.argv.slice(2))
  return {
    test: {
      pool: 'forks',
      // One more than there are cores, since many tests wait for a lease to run out. With two more, processes starved.
      maxWorkers: Math.min(4, availableParallelism() + 1),
      sequence: { sequencer: RunOrder },
      setupFiles: ['./test/support/setup.ts'],
      ...timeouts,
      // What is waited for comes at once, unless the machine is busy: the default of a second is over before that.
      expect: { poll: { timeout: 20_000 } },
      projects: (Object.keys(projects) as Project[]).map((name) => ({
        extends: true,
        test: { name, include: files.filter((file) => projectOf(file) === name), ...projects[name] },
      })),
    },
  }
})
