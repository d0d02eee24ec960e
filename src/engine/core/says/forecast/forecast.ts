import { awaitsParents, isInLine, type Job } from '../../state/job.ts'
import { jobOf, type Ledger, modelOf, pauseOf } from '../../state/ledger.ts'
import { isSite } from '../../state/site.ts'
import type { Micros } from '../../values/job.ts'
import { capacityOf } from '../../values/policy.ts'
import type { LinePosition } from '../../values/position.ts'
import type { Tree } from '../../values/tree.ts'
import type { WorkerFact } from '../facts.ts'
import { type ComparedRange, type StartRange, widened } from './conformal.ts'
import { type Hand, handsOf, isAlive, runsKindAmong } from './hands.ts'
import { Outlook } from './outlook.ts'
import { ForwardRun } from './run.ts'
import type { RunTimes } from './run-times.ts'

/** Why there is no range. */
export type NoRange = (typeof noRanges)[number]

export const noRanges = [
  /** No live process runs its kind. */
  'no_live_worker',
  /** No attempt of its kind has completed lately: nobody knows how long one takes. */
  'nothing_completed',
  /** A pause, a drain or a rule keeps it, whatever time passes. */
  'no_time_brings_it',
  /** Too few forecasts of this queue have been compared with starts. */
  'not_compared',
  /** They were wrong by so much that a range would say nothing. */
  'wrong_lately',
] as const

export interface ForecastOptions {
  readonly ledger: Ledger
  readonly now: Micros
  /** Null: nobody knows who is alive. */
  readonly workers: readonly WorkerFact[] | null
  readonly times: RunTimes
  /** What this queue did lately, beside what was said before. */
  readonly compared: readonly ComparedRange[]
  /** Goes no further than the start of this job; absent: it is asked for any. */
  readonly jobId?: string
}

const TRIES = 15
/** Commands that one try decides: some 10 ms. */
const MOST_STEPS = 200
/** So many make a turn. */
const STEPS_A_TURN = 20
/** Of those that are further ahead in a line so many are added up one by one; the others take as long as these. */
const MOST_ADDED = 500
/** Of so many jobs, evenly over the line, it is remembered when they were said to start. */
const MOST_SAMPLED = 20

/** When the jobs start that wait at one version of a queue. */
export class Forecast {
  readonly ledger: Ledger
  readonly now: Micros
  readonly #options: ForecastOptions
  readonly #hands: readonly Hand[]
  readonly #runs: readonly ForwardRun[]

  constructor(options: ForecastOptions, hands: readonly Hand[], runs: readonly ForwardRun[]) {
    this.ledger = options.ledger
    this.now = options.now
    this.#options = options
    this.#hands = hands
    this.#runs = runs
  }

  /** In turns, as {@link forecast}. */
  *of(jobId: string): Generator<void, StartRange | NoRange> {
    const simulated = yield* this.#simulated(jobId)
    return typeof simulated === 'string' ? simulated : widened(simulated, this.#options.compared)
  }

  /** Of some jobs of the line what was simulated. */
  *sample(): Generator<void, ReadonlyMap<string, StartRange>> {
    const { line } = this.ledger
    const ranges = new Map<string, StartRange>()
    const every = Math.ceil(line.size / MOST_SAMPLED)
    let n = 0
    for (const { jobId } of line) {
      if (n++ % every !== every - 1) continue
      const range = yield* this.#simulated(jobId)
      if (typeof range !== 'string') ranges.set(jobId, range)
    }
    return ranges
  }

  *#simulated(jobId: string): Generator<void, StartRange | NoRange> {
    const job = jobOf(this.ledger, jobId)
    const { workers, times } = this.#options
    if (job === undefined || job.active || this.ledger.draining) return 'no_time_brings_it'
    const hasWorker =
      job.asker === null ? runsKindAmong(this.#hands, job.spec.kind) : isAlive(workers, job.asker)
    if (!hasWorker) return 'no_live_worker'
    if (!times.hasKind(job.spec.kind)) return 'nothing_completed'
    const starts: Micros[] = []
    for (const run of this.#runs) {
      const start = run.startOf(jobId) ?? restIn(run, jobId)
      // A job that some tries never start is kept by something that may not end.
      if (start === undefined) return 'no_time_brings_it'
      starts.push(start)
      yield
    }
    const sorted = starts.map((start) => Math.max(0, start - this.now)).sort((a, b) => a - b)
    const at = (part: number) => sorted[Math.round((sorted.length - 1) * part)] ?? 0
    return { likely: at(0.5), from: at(0.1), to: at(0.9) }
  }
}

/**
 * When waiting jobs start, if nobody else comes: the rules decide from the present ledger on, a few times, and each attempt takes as
 * long as some that were measured. The same ledger and times give the same answer. However long the line is, work is bounded; it comes in
 * turns of less than a millisecond, one each `next()`.
 */
export function* forecast(options: ForecastOptions): Generator<void, Forecast> {
  const { ledger, now, workers, times, jobId } = options
  const hands = handsOf(workers ?? [], ledger, times.crews)
  const runs: ForwardRun[] = []
  while (runs.length < TRIES && times.count > 0) {
    const run = new ForwardRun(ledger, now, hands, times, new Outlook(times, runs.length))
    runs.push(run)
    for (let steps = 1; steps <= MOST_STEPS; steps++) {
      if ((jobId !== undefined && run.startOf(jobId) !== undefined) || !run.step()) break
      if (steps % STEPS_A_TURN === 0) yield
    }
    yield
  }
  return new Forecast(options, hands, runs)
}

/** When a job starts that the run has not reached: its longest line counts. Undefined: nobody knows. */
function restIn(run: ForwardRun, jobId: string): Micros | undefined {
  const { ledger, now, slots } = run
  const job = jobOf(ledger, jobId)
  const opens = job === undefined || run.isOver ? undefined : opensAt(ledger, job)
  if (job === undefined || opens === undefined) return undefined
  const timeIn = (line: Tree<LinePosition>, capacity: number) => aheadIn(run, line, job) / capacity
  const lines = job.needs.map((name) => timeIn(modelOf(ledger, name).line, widthOf(ledger, name)))
  return Math.max(opens, now + Math.max(timeIn(ledger.line, slots), ...lines))
}

/** From when on it stands in line; undefined: something has to happen first. */
function opensAt(ledger: Ledger, job: Job): Micros | undefined {
  if (isInLine(job)) return 0
  if (job.dueAt !== null) return awaitsParents(job) ? undefined : job.dueAt
  return pauseOf(ledger, job.held?.on ?? '')?.until ?? undefined
}

/** How many jobs run at once there: of a place with units as many as run there now. */
function widthOf(ledger: Ledger, name: string): number {
  return isSite(name) ? Math.max(1, modelOf(ledger, name).holders.size) : capacityOf(ledger.policy, name)
}

/** How long those take together that stand ahead in the line. */
function aheadIn(
  { ledger, outlook, loading }: ForwardRun,
  line: Tree<LinePosition>,
  { position }: Job,
): Micros {
  const ahead = line.rank(position)
  let added = 0
  let time = 0
  for (const each of line) {
    if (added === Math.min(ahead, MOST_ADDED)) break
    const job = ledger.jobs.get(each)
    if (job !== undefined) time += outlook.timeOf(job) + loading
    added++
  }
  return added === 0 ? 0 : (time / added) * ahead
}
