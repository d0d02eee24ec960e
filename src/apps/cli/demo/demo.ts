import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CoordinatorActor } from '../../../../machines/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { pgliteStore } from '../../../engine/store/pglite/index.ts'
import { duration, plural } from '../../../tools/format/index.ts'
import { verify } from '../../../tools/history/index.ts'
import { compileOnce } from '../compile-once.ts'
import type { Frame } from '../frame.ts'
import { type ContenderOutcome, compare } from './comparison.ts'
import { Narrator } from './narrator.ts'
import { sampleWorkload } from './sample.ts'
import { tellScenarios } from './scenarios.ts'
import { showComparison } from './show-comparison.ts'

export interface DemoResult {
  readonly ok: boolean
  readonly failures: readonly string[]
  readonly runs: readonly { readonly policy: string; readonly report: ContenderOutcome['report'] }[]
}

/** Shows Interlock at work on an embedded database that it removes afterwards. `ok` only if everything that it claimed was true. */
export async function demo(frame: Frame): Promise<DemoResult> {
  const narrator = new Narrator(frame)
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-demo-'))
  narrator.say('Interlock: jobs that share a model never run at the same time, every other job does.')
  narrator.say('An embedded PostgreSQL starts in a folder of its own (some 3 s) …')
  compileOnce()
  const store = pgliteStore(path.join(folder, 'db'))
  try {
    await tellScenarios(narrator, store)
    frame.signal.throwIfAborted()
    const outcomes = await tellComparison(narrator, store)
    await tellReplay(narrator, store, outcomes)
    const runs = outcomes.map(({ title, report }) => ({ policy: title, report }))
    return { ok: narrator.failures.length === 0, failures: narrator.failures, runs }
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function tellComparison(narrator: Narrator, store: LogStore): Promise<readonly ContenderOutcome[]> {
  const workload = sampleWorkload()
  const { jobs } = workload
  const workflows = jobs.filter(({ input }) => input.jobType === 'workflow').length
  const models = new Set(jobs.flatMap(({ input }) => input.models)).size
  narrator.chapter('An hour of an image service, three times')
  narrator.say([
    `   ${jobs.length - workflows} jobs and ${workflows} workflows on ${models} models, each second played in 2.5 ms, under three`,
    '   policies one after the other (some 25 s) …',
  ])
  const outcomes = await compare(narrator.frame, store, workload)
  showComparison(narrator, outcomes)
  narrator.say('')
  for (const { title, report } of outcomes) {
    const { completed, violations, verified } = report
    narrator.claim(
      completed === jobs.length && violations === 0 && verified,
      `${title}: ${completed} completed, ${plural(violations, 'violation')}, ${verified ? 'verified' : 'not verified'}`,
    )
  }
  const [serial, byModel] = outcomes.map(({ report }) => report)
  if (serial !== undefined && byModel !== undefined) {
    narrator.claim(serial.maxConcurrent === 1, 'serial: never more than one at a time')
    const gained = duration(serial.elapsedMs - byModel.elapsedMs)
    narrator.claim(
      byModel.elapsedMs < serial.elapsedMs,
      `by model: done ${gained} earlier, and no promise broken`,
    )
  }
  return outcomes
}

async function tellReplay(
  narrator: Narrator,
  store: LogStore,
  outcomes: readonly ContenderOutcome[],
): Promise<void> {
  narrator.chapter('Replay: the same state again, from the log alone')
  for (const { queue, title, events } of outcomes) {
    const machine = new CoordinatorActor()
    const begun = performance.now()
    for (const event of events) machine.feed(event)
    const took = performance.now() - begun
    const { value, context } = machine.snapshot
    machine.stop()
    const { ok, version } = await verify({ store, queue })
    narrator.claim(
      ok && value === 'idle' && context.ledger.version === version,
      `${title}: ${plural(events.length, 'event')} through the machine in ${duration(took)}, same rows`,
    )
  }
}
