// Slow, 41 s: breaks the machines in many ways.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { compileJobLaw, compileQueueLaw } from '../../../machines/compile.ts'
import { coordinatorMachine, jobMachine } from '../../../machines/index.ts'
import type * as Core from '../../../src/engine/core/index.ts'
import type { JobLaw, QueueLaw, RecordedEvent } from '../../../src/engine/core/index.ts'
import { type Mutant, mutantOf, mutantsOf } from '../../fast/machine/mutants.ts'
import { linked, manyAtOnce, queued, scheduleSet, started, story } from '../../fast/machine/story.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { eventsOf, play } from '../../support/simulate.ts'
import { forgeries, verdictOf } from './forgeries.ts'

const table = '../../../src/engine/core/fold/law/table.ts'

const quiet = () => {}
const silent = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** A job ends of which so many others come after it that not all are told at once, while another one runs and after that. */
const wideFlow = story([
  manyAtOnce,
  queued('x', 'x'),
  started('x', 'x'),
  queued('p', 'p'),
  ...Array.from({ length: 33 }, (_, n) => [
    queued(`kid-${n}`, 'm', { after: 1 }),
    linked(`kid-${n}`, ['p']),
  ]).flat(),
  { type: 'cancelled', jobId: 'p', token: null },
  { type: 'completed', jobId: 'x', token: 3 },
])

/** What becomes of two jobs is known and not recorded yet, while another one runs, after that, and while the queue is drained. */
const settledFlow = story([
  manyAtOnce,
  queued('x', 'x'),
  started('x', 'x'),
  ...[queued('s', 's', { after: 1 }), linked('s', ['gone'], 'completed')],
  ...[queued('f', 'f', { after: 1 }), linked('f', ['gone'], 'failed')],
  { type: 'completed', jobId: 'x', token: 3 },
  { type: 'drain_requested' },
  { type: 'drained' },
])

/** A schedule is paused, of a queue in each of its states. */
const pausedSchedule = story([
  scheduleSet('nightly'),
  { type: 'schedule_paused', schedule: 'nightly' },
  queued('x', 'x'),
  started('x', 'x'),
  { type: 'drain_requested' },
  { type: 'completed', jobId: 'x', token: 4 },
  { type: 'drained' },
])

/** A process says which places it serves, of a queue in each of its states. */
const served = story([
  { type: 'worker_serves', workerId: 'w8', places: ['host1:*'] },
  queued('x', 'x'),
  started('x', 'x'),
  { type: 'drain_requested' },
  { type: 'completed', jobId: 'x', token: 3 },
  { type: 'drained' },
])

/** Logs that the core itself decided, from which every situation of a queue and of a job can be had. */
const logs = fc
  .sample(arbitraryRun({ maxLength: 60 }), { numRuns: 120, seed: 12 })
  .map((steps) => eventsOf(play(steps)))
  .concat([[...wideFlow], [...settledFlow], [...pausedSchedule], [...served]])

interface Law {
  readonly queueLaw: QueueLaw
  readonly jobLaw: JobLaw
}

/** The core as it is built with this law; its sources are as they are. */
async function coreUnder(law: Law): Promise<typeof Core> {
  vi.resetModules()
  vi.doMock(table, () => law)
  try {
    return await import('../../../src/engine/core/index.ts')
  } finally {
    vi.doUnmock(table)
  }
}

const lawful: Law = { queueLaw: compileQueueLaw(coordinatorMachine), jobLaw: compileJobLaw(jobMachine) }

/** One beginning of a log for each situation that differs for the law. */
function situationsOf(core: typeof Core) {
  const found = new Map<string, readonly RecordedEvent[]>()
  for (const log of logs) {
    let ledger = core.emptyLedger
    for (const [i, event] of log.entries()) {
      ledger = core.evolve(ledger, event)
      const jobStates = new Set([...ledger.jobs].map(core.jobStateOf))
      const key = [
        core.queueStateOf(ledger),
        Math.min(2, ledger.active.size),
        ...[...jobStates].sort(),
        ledger.propagating.size > 0,
        ...new Set([...ledger.settled].map((job) => ledger.flows.get(job)?.failedBy === null)),
        [...ledger.schedules].some(({ paused }) => paused),
        ledger.servers.length > 0,
      ].join()
      if (!found.has(key)) found.set(key, log.slice(0, i + 1))
    }
  }
  return [...found.values()]
}

/** What the core makes of one: refused, or the verdict on every event that could come next. */
function verdictsOf(core: typeof Core, log: readonly RecordedEvent[]): string {
  try {
    const { ledger } = core.fold(core.emptyLedger, log)
    return forgeries(core, ledger)
      .map((event) => verdictOf(core, ledger, event))
      .join()
  } catch (error) {
    if (core.isInterlockError(error, 'corrupt_log')) return 'refused'
    throw error
  }
}

const queueMutants = [
  ...mutantsOf(coordinatorMachine, ['#coordinator.idle', '#coordinator.draining.drained']),
]
const jobMutants = [
  ...mutantsOf(jobMachine, ['#job.waiting.in_line', '#job.active.running', '#job.ended.completed']),
]

/** Undefined: it does not compile, so `npm run generate -- law` says so. */
function lawOf(made: () => Partial<Law>): Law | undefined {
  try {
    return { ...lawful, ...made() }
  } catch {
    return undefined
  }
}

/** The ledger forgets a job that has ended, and how: the table of the job's machine (job-table.test.ts) tells ends apart. */
const textOf = (law: Law): string =>
  JSON.stringify(law).replaceAll(/"(completed|failed|cancelled|expired)"(?!:)/g, '"ended"')

/** The law of a job refuses it already: an attempt is cancelled, or fails, that does not run. */
const twiceRefused = ['cancelled[0] unguarded', 'failed[0] unguarded']

describe('a machine with one thing changed, and nothing else', () => {
  it.each([
    ['queue', queueMutants, ({ machine }: Mutant) => ({ queueLaw: compileQueueLaw(machine) })],
    ['job', jobMutants, ({ machine }: Mutant) => ({ jobLaw: compileJobLaw(machine) })],
  ] as const)(
    'of a %s: the core refuses what it accepted, or accepts what it refused',
    async (_, mutants, made) => {
      const core = await coreUnder(lawful)
      const situations = situationsOf(core).map((log) => ({ log, expected: verdictsOf(core, log) }))
      const seen = new Set([textOf(lawful)])
      const survivors: string[] = []
      for (const mutant of mutants) {
        const law = lawOf(() => made(mutant))
        if (law === undefined || seen.has(textOf(law))) continue
        seen.add(textOf(law))
        const changed = await coreUnder(law)
        const isSeen = situations.some(({ log, expected }) => verdictsOf(changed, log) !== expected)
        if (!isSeen) survivors.push(mutant.name)
      }
      expect(seen.size).toBeGreaterThan(50)
      expect(survivors.filter((name) => !twiceRefused.includes(name))).toEqual([])
    },
  )
})

describe('a coordinator under a machine without the arrow from idle to running', () => {
  it('refuses to start a job, and appends nothing', async () => {
    const machine = mutantOf(coordinatorMachine, (config) => {
      delete config.states?.['idle']?.on?.['started']
    })
    vi.resetModules()
    vi.doMock(table, () => ({ ...lawful, queueLaw: compileQueueLaw(machine) }))
    const { createCoordinator } = await import('../../../src/index.ts')
    const { memoryStore } = await import('../../../src/engine/store/memory/index.ts')
    vi.doUnmock(table)
    const store = memoryStore()
    const coordinator = await createCoordinator({ store, logger: silent })
    await coordinator.enqueue([{ jobId: 'a', models: ['flux-dev'] }])
    await expect(coordinator.claim({ max: 1, kinds: null })).rejects.toMatchObject({ code: 'corrupt_log' })
    await coordinator.close()
    const { events } = await store.read('default', 0, 100)
    expect(events.map(({ type }) => type)).toEqual(['queued'])
  })
})
