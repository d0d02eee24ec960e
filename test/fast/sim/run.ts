import { type RecordedEvent, replay } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { simDatabase } from './fail-over.ts'
import { takeOver } from './globals.ts'
import type { Script } from './script.ts'
import { Timeline } from './timeline.ts'
import type { Finding } from './witness.ts'
import { World } from './world.ts'

/** What came of a run. The same script gives the same, digest included. */
export interface Outcome {
  readonly findings: readonly Finding[]
  /** Of everything that happened, in order. */
  readonly digest: number
  readonly lines: readonly string[]
  readonly log: readonly RecordedEvent[]
  /** What has happened, how often. */
  readonly counts: ReadonlyMap<string, number>
  readonly simulatedMs: number
  readonly steps: number
  /** Once healed: the longest time without a start while a job waited for its first, in appends. */
  readonly longest: number
}

/** How long a healed run may take until every job has ended and every call is answered, in milliseconds. */
const PATIENCE_MS = 60_000
/** The same for a slow database, in appends. */
const PATIENCE_APPENDS = 150
/** What comes afterwards that must not: a job that ended comes back. */
const AFTERWARDS_MS = 1_500

/**
 * Plays a script, in this thread and with the clock of this thread, and judges what it saw. One at a time.
 * @param isForgetful a negative control: the database does not know that another server has taken over
 */
export async function run(script: Script, keepLines = false, isForgetful = false): Promise<Outcome> {
  const timeline = new Timeline()
  const database = simDatabase(timeline, isForgetful)
  const giveBack = takeOver(timeline, script.seed)
  const world = new World(script, timeline, database, keepLines)
  const onUnhandled = (error: unknown) => world.witness.report('unhandled', String(error))
  process.on('unhandledRejection', onUnhandled)
  try {
    world.begin()
    const steps = await play(world, timeline)
    judge(world)
    const { log, digest, lines, counts } = world
    return {
      findings: world.witness.findings,
      digest,
      lines,
      log,
      counts,
      simulatedMs: timeline.now,
      steps,
      longest: world.progress.longest,
    }
  } finally {
    world.end()
    process.off('unhandledRejection', onUnhandled)
    giveBack()
  }
}

async function play(world: World, timeline: Timeline): Promise<number> {
  let steps = 0
  const until = async (ms: number, isOver: () => boolean) => {
    while (!isOver()) {
      const entry = await timeline.step(ms)
      if (entry === undefined) return
      steps++
      world.follow(entry)
    }
  }
  const isBroken = () => world.witness.findings.length > 0
  await until(world.healsAt, isBroken)
  world.heal()
  const deadline = world.healsAt + Math.max(PATIENCE_MS, PATIENCE_APPENDS * world.appendMs)
  do {
    await until(deadline, () => isBroken() || world.isAtRest)
    await until(timeline.now + AFTERWARDS_MS, () => isBroken() || !world.isAtRest)
  } while (!isBroken() && !world.isAtRest && timeline.now < deadline)
  return steps
}

/** What can be said only at the end. */
function judge({ witness, log, unsettled, left }: World): void {
  if (witness.findings.length > 0) return
  for (const { jobId, state, why } of left)
    witness.report(state === 'active' ? 'start_lost' : 'stuck', `${jobId} is ${state}${why}`)
  for (const { act, job, process } of unsettled)
    witness.report('unsettled', `${act.do} of ${job.id} in ${process.name}`)
  try {
    replay(log)
  } catch (error) {
    witness.report('audit', String(error))
  }
  for (const { seq, rule, detail } of audit(log).violations)
    witness.report('audit', `event ${seq}: ${rule}: ${detail}`)
}
