import type { WorkerFact } from '../facts.ts'
import type { Micros } from '../job.ts'
import { awaitsParents, isInLine, type Job, jobOf, type Ledger, modelOf, pauseOf } from '../ledger.ts'
import type { Place } from '../place.ts'
import { capacityOf } from '../policy.ts'
import { isSite } from '../site.ts'
import type { Tree } from '../tree.ts'
import { Outlook } from './outlook.ts'
import { ForwardRun, type Hands } from './run.ts'
import type { RunTimes } from './run-times.ts'

/** When a waiting job starts, in microseconds from now: half of the tries lie below `likely`, eight of ten in the range. */
export interface StartRange {
  readonly likely: Micros
  /** Null, as `to`: fewer than two attempts have been measured. */
  readonly from: Micros | null
  readonly to: Micros | null
  readonly tries: number
  /** How many attempts were measured. */
  readonly runs: number
  /** Beyond the first jobs ahead, those of each of its lines were added up. */
  readonly isAddedUp: boolean
}

/** Why there is no range: no attempt has completed; or a pause, a drain or a rule keeps the job, whatever time passes. */
export type NoRange = 'nothing_completed' | 'no_time_brings_it'

export interface ForecastOptions {
  readonly ledger: Ledger
  readonly now: Micros
  readonly times: RunTimes
  readonly hands: Hands
  /** Goes no further than the start of this job; absent: it is asked for any. */
  readonly jobId?: string
}

const TRIES = 25
/** Commands that one try decides: some 10 ms. */
const MOST_STEPS = 200
/** So many make a turn. */
const STEPS_A_TURN = 20
/** Of those that are further ahead in a line so many are added up one by one; the others take as long as these. */
const MOST_ADDED = 500

/** When the jobs start that wait at one version of a queue. */
export class Forecast {
  readonly ledger: Ledger
  readonly now: Micros
  readonly #runs: readonly ForwardRun[]
  readonly #measured: number

  constructor({ ledger, now, times }: ForecastOptions, runs: readonly ForwardRun[]) {
    this.ledger = ledger
    this.now = now
    this.#runs = runs
    this.#measured = times.count
  }

  /** In turns, as {@link forecast}. */
  *of(jobId: string): Generator<void, StartRange | NoRange> {
    const job = jobOf(this.ledger, jobId)
    if (job === undefined || job.active || this.ledger.draining) return 'no_time_brings_it'
    if (this.#measured === 0) return 'nothing_completed'
    const isAddedUp = this.#runs.some((run) => run.startOf(jobId) === undefined)
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
    const [from, to] = this.#measured < 2 ? [null, null] : [at(0.1), at(0.9)]
    return { likely: at(0.5), from, to, tries: TRIES, runs: this.#measured, isAddedUp }
  }
}

/**
 * When waiting jobs start, if nobody else comes: the rules decide from the present ledger on, a few dozen times, and each attempt takes as
 * long as some that were measured. The same ledger and times give the same answer. However long the line is, work is bounded; it comes in
 * turns of less than a millisecond, one each `next()`.
 */
export function* forecast(options: ForecastOptions): Generator<void, Forecast> {
  const { ledger, now, times, hands, jobId } = options
  const runs: ForwardRun[] = []
  while (runs.length < TRIES && times.count > 0) {
    const run = new ForwardRun(ledger, now, hands, times.batches, new Outlook(times, runs.length))
    runs.push(run)
    for (let steps = 1; steps <= MOST_STEPS; steps++) {
      if ((jobId !== undefined && run.startOf(jobId) !== undefined) || !run.step()) break
      if (steps % STEPS_A_TURN === 0) yield
    }
    yield
  }
  return new Forecast(options, runs)
}

/** When one job starts, in turns. */
export function* forecastOf(
  options: ForecastOptions & { readonly jobId: string },
): Generator<void, StartRange | NoRange> {
  const found = yield* forecast(options)
  return yield* found.of(options.jobId)
}

/** What the live processes can take in. Where none is alive that runs jobs, nobody knows: any number of any kind. */
export function handsOf(workers: readonly WorkerFact[] | null, { active }: Pick<Ledger, 'active'>): Hands {
  const able = (workers ?? []).filter(({ state, kinds }) => state === 'live' && kinds?.length !== 0)
  if (able.length === 0) return { free: null, kinds: null }
  const free = able.reduce((sum, { freeSlots }) => sum + freeSlots, 0)
  const kinds = able.some((worker) => worker.kinds === null) ? null : able.flatMap(({ kinds }) => kinds ?? [])
  return { free: active.size === 0 ? Math.max(1, free) : free, kinds }
}

/** When a job starts that the run has not reached: its longest line counts. Undefined: nobody knows. */
function restIn(run: ForwardRun, jobId: string): Micros | undefined {
  const { ledger, now, slots, outlook } = run
  const job = jobOf(ledger, jobId)
  const opens = job === undefined || run.isOver || !run.runs(job.spec.kind) ? undefined : opensAt(ledger, job)
  if (job === undefined || opens === undefined) return undefined
  const timeIn = (line: Tree<Place>, capacity: number) => aheadIn(ledger, line, job, outlook) / capacity
  const lines = job.needs.map((name) => timeIn(modelOf(ledger, name).line, widthOf(ledger, name)))
  return Math.max(opens, now + Math.max(timeIn(ledger.line, slots), ...lines))
}

/** From when on it stands in line; undefined: something has to happen first. */
function opensAt(ledger: Ledger, job: Job): Micros | undefined {
  if (isInLine(job)) return 0
  if (job.dueAt !== null) return awaitsParents(job) ? undefined : job.dueAt
  return pauseOf(ledger, job.heldOn ?? '')?.until ?? undefined
}

/** How many jobs run at once there: of a place with units as many as run there now. */
function widthOf(ledger: Ledger, name: string): number {
  return isSite(name) ? Math.max(1, modelOf(ledger, name).holders.size) : capacityOf(ledger.policy, name)
}

/** How long those take together that stand ahead in the line. */
function aheadIn(ledger: Ledger, line: Tree<Place>, { place }: Job, outlook: Outlook): Micros {
  const ahead = line.rank(place)
  let added = 0
  let time = 0
  for (const each of line) {
    if (added === Math.min(ahead, MOST_ADDED)) break
    const job = ledger.jobs.get(each)
    if (job !== undefined) time += outlook.timeOf(job)
    added++
  }
  return added === 0 ? 0 : (time / added) * ahead
}
