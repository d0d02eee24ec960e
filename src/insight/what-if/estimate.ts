import {
  type AttemptEnd,
  endsAttempt,
  jobOf,
  type Ledger,
  type Micros,
  outcomeOf,
  type RecordedEvent,
} from '../../core/index.ts'
import { type Life, Recording, type Run } from './recording.ts'
import { simulate } from './simulate.ts'

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
  #end({ type, jobId, at }: AttemptEnd): void {
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
}

export interface EstimateOptions {
  readonly ledger: Ledger
  readonly now: Micros
  readonly jobId: string
  readonly times: RunTimes
  /** How many jobs the workers can run at once; null: any number. */
  readonly slots: number | null
  readonly tries?: number
  /** Lets others go first, now and then. */
  readonly turn?: () => Promise<void>
}

/** Beyond so many live jobs each try takes longer than somebody waits. */
const MOST_JOBS = 20_000

/**
 * When a waiting job will start, if nobody else comes: the core decides over the jobs that are live now, each of which runs for as long
 * as one of its kind did, taken by lot. The same ledger gives the same answer.
 * @returns null where nothing is known of how long jobs run, where it waits for what no time brings, or where too many are live
 */
export async function estimateStart(options: EstimateOptions): Promise<StartEstimate | null> {
  const { ledger, now, jobId, times, slots, tries = 20, turn } = options
  if (times.count === 0 || ledger.jobs.size > MOST_JOBS || ledger.draining) return null
  const recording = new Recording()
  recording.begin(ledger, now)
  const index = recording.lives.findIndex(({ spec }) => spec.jobId === jobId)
  const job = jobOf(ledger, jobId)
  if (index < 0 || job === undefined || job.heldOn !== null) return null
  const started = new Map(
    [...ledger.jobs].flatMap((job) => (job.active ? [[job.jobId, job.startedAt] as const] : [])),
  )
  const found: Micros[] = []
  const draw = lots(ledger.version)
  for (let n = 0; n < tries; n++) {
    const lives = recording.lives.map((life) => drawn(life, { now, started, times, draw }))
    const simulated = await simulate(lives, { policy: ledger.policy, slots }, turn, 50)
    const at = simulated[index]?.runs[0]?.from
    if (at === undefined) return null
    found.push(at - now)
    await turn?.()
  }
  const sorted = found.toSorted((a, b) => a - b)
  const at = (part: number) => Math.max(0, sorted[Math.round((sorted.length - 1) * part)] ?? 0)
  return { likely: at(0.5), from: at(0.1), to: at(0.9), tries, runs: times.count }
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
    ...{ models: life.spec.models, readyAt: now, from: now, to: now + left },
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
