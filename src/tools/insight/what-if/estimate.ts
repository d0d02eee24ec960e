import {
  type AttemptEndEvent,
  endsAttempt,
  isInLine,
  type Job,
  jobOf,
  type Ledger,
  type Micros,
  outcomeOf,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { type Life, Recording, type Run } from './recording.ts'
import { simulateStart } from './simulate.ts'

/** How long attempts took that came to an end by themselves, by kind: what an estimate goes by. */
export class RunTimes {
  readonly #byKind = new Map<string, Micros[]>()
  readonly #all: Micros[] = []
  readonly #kinds = new Map<string, string>()
  readonly #started = new Map<string, Micros>()

  /** @param from the queue when the events begin */
  constructor(from: Ledger) {
    for (const job of from.jobs) {
      this.#kinds.set(job.jobId, job.spec.kind)
      if (job.active) this.#started.set(job.jobId, job.startedAt)
    }
  }

  push(event: RecordedEvent): void {
    if (event.type === 'queued') this.#kinds.set(event.jobId, event.spec.kind)
    else if (event.type === 'started') this.#started.set(event.jobId, event.at)
    else if (endsAttempt(event)) this.#end(event)
    if ('jobId' in event && outcomeOf(event) !== null) this.#kinds.delete(event.jobId)
  }

  get count(): number {
    return this.#all.length
  }

  /** Those of the kind; of every kind where that one has not run yet. */
  of(kind: string): readonly Micros[] {
    return this.#byKind.get(kind) ?? this.#all
  }

  /** One that failed or was lost was cut short, and says nothing of how long others take. */
  #end({ type, jobId, at }: AttemptEndEvent): void {
    const from = this.#started.get(jobId)
    this.#started.delete(jobId)
    if (from === undefined || type !== 'completed') return
    const kind = this.#kinds.get(jobId) ?? ''
    const times = this.#byKind.get(kind) ?? []
    if (times.length === 0) this.#byKind.set(kind, times)
    times.push(at - from)
    this.#all.push(at - from)
  }
}

/** When a waiting job may start, in microseconds from now: half of the tries lie below `likely`, eight of ten in the range. */
export interface StartEstimate {
  readonly likely: Micros
  readonly from: Micros
  readonly to: Micros
  readonly tries: number
  /** Attempts by which it was estimated. */
  readonly runs: number
  /** So many are ahead that only the first of them were simulated: the others are taken to go at the same pace. */
  readonly isScaled: boolean
}

/** Why there is no estimate: no attempt has completed; or a pause, a drain or a rule keeps the job, whatever time passes. */
export type NoEstimate = 'nothing_completed' | 'no_time_brings_it'

export interface EstimateOptions {
  readonly ledger: Ledger
  readonly now: Micros
  readonly jobId: string
  readonly times: RunTimes
  /** How many jobs the workers can run at once; null: any number. */
  readonly slots: number | null
  readonly tries?: number
  /** Lets others go first, now and then. What it throws ends the estimate. */
  readonly turn?: () => Promise<void>
}

/** Of those ahead so many are simulated: a try takes a tenth of a second. */
const MOST_AHEAD = 2_000
/** Of the jobs behind it, and of those that are not due, so many count: they may take a slot before it. */
const BEHIND = 500
/** Jobs of all tries together: of a long line there are fewer tries. */
const MOST_IN_ALL = 20_000

/**
 * When a waiting job will start, if nobody else comes: the core decides over the jobs that are live now, each of which runs for as long
 * as one of its kind did, taken by lot. The same ledger gives the same answer.
 * @throws what `turn` throws
 */
export async function estimateStart(options: EstimateOptions): Promise<StartEstimate | NoEstimate> {
  const { ledger, now, jobId, times, slots, turn } = options
  const job = jobOf(ledger, jobId)
  if (times.count === 0) return 'nothing_completed'
  if (job === undefined || job.active || job.heldOn !== null || ledger.draining) return 'no_time_brings_it'
  const { lines, target, scale } = nearest(ledger, job)
  const recording = new Recording()
  recording.begin(ledger, now, lines)
  const { lives } = recording
  const index = lives.findIndex(({ spec }) => spec.jobId === target)
  const tries = Math.min(options.tries ?? 20, Math.ceil(MOST_IN_ALL / lives.length))
  const started = startsIn(ledger)
  const draw = lots(ledger.version)
  const found: Micros[] = []
  for (let n = 0; n < tries; n++) {
    const some = lives.map((life) => drawn(life, { now, started, times, draw }))
    const at = await simulateStart(some, { policy: ledger.policy, slots }, index, turn)
    if (at === null) return 'no_time_brings_it'
    found.push(Math.max((at - now) * scale, (job.dueAt ?? now) - now))
  }
  const sorted = found.toSorted((a, b) => a - b)
  const at = (part: number) => Math.max(0, sorted[Math.round((sorted.length - 1) * part)] ?? 0)
  return { likely: at(0.5), from: at(0.1), to: at(0.9), tries, runs: times.count, isScaled: scale > 1 }
}

/** Since when each running job has run. */
const startsIn = ({ active, jobs }: Ledger): ReadonlyMap<string, Micros> =>
  new Map([...active].map((place) => [place.jobId, jobs.get(place)?.startedAt ?? 0]))

/** Who matters for its start: those that run, those ahead of it, and the nearest behind it. */
function nearest(ledger: Ledger, job: Job) {
  const { active, unbound, line, undue } = ledger
  const ahead = isInLine(job) ? line.rank(job.place) : line.size
  const near = firstOf(line, Math.min(ahead, MOST_AHEAD) + 1 + BEHIND)
  const lines = [active, firstOf(unbound, BEHIND), near, firstOf(undue, BEHIND)]
  if (ahead <= MOST_AHEAD) return { lines: [...lines, [job]], target: job.jobId, scale: 1 }
  const at = standInAmong(ledger, near.slice(0, MOST_AHEAD), job)
  return { lines, target: near[at]?.jobId ?? job.jobId, scale: (ahead + 1) / (at + 1) }
}

/** Where the last one stands that needs what it needs; if those end early, the last of all. */
function standInAmong(ledger: Ledger, near: readonly { readonly jobId: string }[], { spec }: Job): number {
  const isAlike = ({ jobId }: { readonly jobId: string }) =>
    jobOf(ledger, jobId)?.spec.models.some((model) => spec.models.includes(model)) === true
  const at = near.findLastIndex(isAlike)
  return at < near.length / 2 ? near.length - 1 : at
}

function firstOf<T>(all: Iterable<T>, most: number): readonly T[] {
  const some: T[] = []
  for (const each of all) {
    if (some.length === most) break
    some.push(each)
  }
  return some
}

interface Draw {
  readonly now: Micros
  readonly started: ReadonlyMap<string, Micros>
  readonly times: RunTimes
  readonly draw: () => number
}

/** The job as it may go on: one attempt, as long as one that was. One that runs already is not over yet. */
function drawn(life: Life, { now, started, times, draw }: Draw): Life {
  const all = times.of(life.spec.kind)
  const began = started.get(life.spec.jobId)
  const gone = began === undefined ? 0 : now - began
  const longer = began === undefined ? all : all.filter((time) => time > gone)
  const time = longer[Math.floor(draw() * longer.length)]
  // It takes longer than any before it: as long again as it has taken.
  const left = time === undefined ? Math.max(gone, 1_000) : time - gone
  const run: Run = {
    models: life.spec.models,
    readyAt: now,
    from: now,
    to: now + left,
    ending: { type: 'completed' },
  }
  // They come in the order of the line, which knows of their priorities already.
  return { ...life, spec: { ...life.spec, priority: 0 }, runs: [run], cancelledAfter: null, ended: true }
}

/** Lots that are the same each time: mulberry32. */
function lots(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
