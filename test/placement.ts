/**
 * Where each test file belongs: in which command, and in which process.
 *
 * `npm test` has every file that is not named in `rest`. Such a file says the same on any machine at any load: it tests rules, or calls
 * real servers and processes and waits for their signals and states. `npm run test:rest` has the others. They kill processes and servers,
 * measure, look at plans, wait until leases have run out, need a program that is not everywhere, or just take long. `npm run test:all` has both.
 */
import { globSync } from 'node:fs'
import path from 'node:path'

/** By name, from this folder: why it is not in `npm test`. */
const rest: Readonly<Record<string, string>> = {
  // Processes and servers that are killed, paused or left without a database. Leases have to run out; how long that takes is not ours to say.
  'contract/pglite-owner': 'kills and pauses the process that has an embedded database open',
  'contract/postgres-faults': 'kills the server, terminates backends, pauses clients',
  'coordinator/foreign': 'restores a database under a process',
  'coordinator/lease': 'leases of less than a second run out',
  'dashboard/outage': 'kills the server under a dashboard',
  'drill/guard': 'kills the drill, and waits for what its guard ends',
  'e2e/killed': 'kills worker processes, and waits for their leases',
  'e2e/outage': 'kills the server under a worker',
  'e2e/rebuild': 'repairs rows for as long as four processes work',
  'e2e/run': 'kills a run, and asks that each of four processes gets a share',
  'process/batch-killed': 'kills a worker in the middle of a batch, and waits for its leases',
  'process/complete-in': 'kills workers in the middle of their transactions, and waits for their leases',
  'process/combiner': 'kills and pauses the combiner',
  'process/enqueue-many': 'kills a process that enqueues, before each of its steps',
  'process/held': 'kills a worker, and waits for its lease and what is held after it',
  'process/killed': 'kills and pauses workers, and waits for their leases',
  'process/pgbouncer': 'needs PgBouncer',
  'process/python': 'kills workers in Python; needs psycopg',
  'process/restored': 'restores a database under workers',
  'process/schedule-killed': 'kills processes that fire a schedule, and waits for its due times',
  'process/server': 'kills the server three times under load',
  'process/workflows': 'kills workers in the middle of steps, and waits for their leases',
  'supabase/cut': 'cuts a link for longer than a lease',
  'supabase/faults': 'loses and delays answers, many times',
  'threads/threads': 'ends threads that loop, use up their memory or exit, and waits for time limits',
  'support/postgres': 'kills servers, and who started them',

  // Fail-overs.
  'contract/postgres-beats': 'two servers; beats that wait for a standby, and for a lock of another session',
  'contract/postgres-replicated': 'two servers; commits that wait for a standby',
  'contract/postgres-unconfirmed':
    'ends sessions and servers whose commits wait for a standby, and promotes that',
  'process/fail-over': 'kills the primary under load, and promotes the standby',
  'support/replicated-postgres': 'kills and promotes servers',

  // Many drivers.
  'transaction/drivers': 'six drivers and query builders, each with its own package',

  // What passes how often or how fast, and who gets how much of it.
  'cli/what-if-trace': 'compares how long jobs took with what was foretold',
  'coordinator/combining': 'counts what is told and what is read, which turns on who is late',
  'coordinator/slow-link': 'a link of 1 MB/s, and how late it makes an append',
  'e2e/memory': 'how much memory a command takes',
  'process/fair': 'two processes, and how many jobs each of them gets',
  'process/hold': 'whether steps of 400 ms overlap',
  'supabase/announced': 'messages in so many milliseconds',
  'supabase/frugal': 'requests in so many seconds',
  'supabase/inbox': 'messages in so many milliseconds',
  'supabase/wakes': 'what comes and does not come within half a second',

  'core/decision-cost': 'lines of 4,000 jobs, and what their decisions enter',
  'core/large-flow': 'flows of 10,000 jobs',
  'model/two-faults': 'explores every state of two faults',
  'property/all-decisions': 'all of 20,000 stored runs: 35 s',
  'property/schedules': 'two processes over days of a clock, for 200 random timetables',

  // What the server does: its plans, its statistics, the sizes of its files.
  'coordinator/retention-soak': 'sizes of tables over many rounds',
  'intake/row': 'rows read without statistics, which autovacuum may make',
  'migrate/growth': 'what a call reads at several sizes',
  'migrate/plans': 'plans, and what they cost; on every PostgreSQL that is there',

  // Examples and packages: what people install, compile and run.
  'docs/site': 'installs what the site needs, and builds it',
  'docs/examples': 'runs each example of the documentation with the packed package',
  'e2e/bundlers': 'bundles the packed package with four bundlers',
  'e2e/first-day': 'npx, containers and signals, with the packed package',
  'e2e/library': 'runs programs with the packed package',
  'e2e/light': 'weighs the packed package',
  'e2e/package': 'runs commands of the packed package',
  'e2e/runtimes': 'fetches Bun and Deno, and runs the packed package with them',
  'e2e/types': 'compiles programs against the packed package',

  // Programs of the machine that are not everywhere.
  'process/traces': 'needs a Python with psycopg',
  'prometheus/alerts': 'needs Prometheus',
  'prometheus/figures': 'needs Prometheus',
  'cli/top-terminal': 'needs a terminal',

  // The page in a browser. One look at it is in `npm test`: dashboard/browser/page.
  'dashboard/browser/attacks': 'attacks in the browser',
  'dashboard/browser/jobs': 'finds and changes jobs, by mouse',
  'dashboard/browser/keyboard': 'keyboard alone',
  'dashboard/browser/levers': 'each lever, by mouse and keyboard',
  'dashboard/browser/load': 'with 10,000 waiting and 100,000 events',
  'dashboard/browser/look': 'axe on every screen in both themes; pictures',
  'dashboard/browser/models': 'thousands of models',
  'dashboard/browser/places': 'cards, busy, free and broken',
  'dashboard/browser/postgres': 'over PostgreSQL',
  'dashboard/browser/screens': 'each screen',
  'dashboard/browser/states': 'what is on its way, empty or failed, on each screen',
  'dashboard/browser/time': 'the screen of time',
  'dashboard/browser/verdicts': 'what each screen says before, without and about something',

  // What takes long: `npm test` takes four minutes at most.
  'bench/quick': 'runs every bench once',
  'machine/mutants': 'breaks the machines in many ways',
  'contract/mutants': 'breaks the append in many ways',
  'sim/sim': '400 simulated runs of many processes',
  'cli/archive': 'a whole queue through dozens of commands, each a process',
  'cli/chain': 'a whole queue through dozens of commands, each a process',
  'cli/cut': 'a whole queue through dozens of commands, each a process',
  'cli/demo': 'runs the three scenarios of the demo',
  'cli/from-archive': 'a whole queue through dozens of commands, each a process',
  'cli/snapshots': 'a whole queue through dozens of commands, each a process',
  'contract/fuzz': 'thousands of random commands, in memory and on PostgreSQL',
  'core/many-attempts': '30,000 attempts at once',
  'coordinator/crowds': '10,000 jobs, 9,000 messages, 50 processes',
  'coordinator/long-line': 'writes down a line of many thousands in chunks',
  'intake/hand-repairs': 'each statement of docs/reference/hand-edits.md',
  'intake/over-long': 'rows of megabytes',
  'intake/cancel-race': 'the same race many times',
  'intake/delete-race': 'the same race many times',
  'migrate/first-coordinator': 'migrates an old account back and forth',
  'supabase/requests': 'the same race many times',
}

const root = path.resolve(import.meta.dirname, '..')
const fileOf = (name: string): string => `test/${name}.test.ts`

/** All of them, as paths from the root of the repository. */
export const testFiles: readonly string[] = globSync('test/**/*.test.ts', { cwd: root })
  .map((file) => file.replaceAll(path.sep, '/'))
  .toSorted()

const isRest = (file: string): boolean => restFiles.has(file)
const restFiles = new Set(Object.keys(rest).map(fileOf))

/** Rules, laws and machines: no database, no process, so they answer at once. */
const pure = [
  'model',
  ...['core', 'events', 'property', 'machine', 'architecture', 'sim'],
  ...['audit', 'insight', 'doctor', 'operate', 'otel', 'house'],
]

/** They replace a module, a machine or the clock: each needs a process of its own. The others share some. */
const replacing = [
  ...['machine/mutants', 'audit/sabotage', 'property/replay', 'core/steps'],
  ...['sim/sim', 'sim/slow-calls', 'sim/logs'],
  ...[
    'coordinator/beats',
    'coordinator/combining',
    'coordinator/following',
    'coordinator/failures',
    'coordinator/of-process',
  ],
  ...[
    'coordinator/looks',
    'coordinator/combining',
    'coordinator/patience',
    'coordinator/late-appends',
    'coordinator/first-look',
    'worker/at-rest',
    'worker/turns',
    'supabase/docs',
    'cli/pace',
  ],
].map(fileOf)

/** All that are named here. */
export const named: readonly string[] = [...restFiles, ...replacing]

export type Project = 'pure' | 'alone' | 'database' | 'database alone'

/** The project of `vitest.config.ts` that has it. */
export function projectOf(file: string): Project {
  const isPure = pure.includes(file.split('/')[1] ?? '')
  if (replacing.includes(file)) return isPure ? 'alone' : 'database alone'
  return isPure ? 'pure' : 'database'
}

/**
 * The files of a run.
 * @param mode vitest's `--mode`: `rest` for those that are not in `npm test`
 * @param words what was typed behind `vitest`: who names a file of the rest, or its folder, has it run
 */
export function filesOf(mode: string, words: readonly string[]): readonly string[] {
  const isNamed = (file: string) => words.some((word) => word.startsWith('test/') && file.startsWith(word))
  if (mode === 'rest') return testFiles.filter(isRest)
  return testFiles.filter((file) => !isRest(file) || isNamed(file))
}
