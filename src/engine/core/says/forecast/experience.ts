import type { Replayer } from '../../fold/replay.ts'
import type { Ledger } from '../../state/ledger.ts'
import type { RecordedEvent } from '../../values/event.ts'
import type { Micros } from '../../values/job.ts'
import type { WorkerFact } from '../facts.ts'
import { type Forecast, forecast } from './forecast.ts'
import { Hindsight } from './hindsight.ts'
import { RunTimes } from './run-times.ts'

/** How many of the last events of a log to go by, at most. */
export const MEASURED_EVENTS = 5_000
/** So many times among these, when jobs start is said and compared with when they do. */
const MOMENTS = 20
/** Where more wait a forecast takes long: it is made a third as often. */
const LONG_LINE = 200
/** But not after fewer events than these. */
const FEWEST_APART = 3
/** A process that has missed more of these times than so many begins to learn again. */
const MOST_MISSED = 4

/** A queue at one version, and the processes that are alive; null: nobody knows. */
export interface Outset {
  readonly ledger: Ledger
  readonly now: Micros
  readonly workers: readonly WorkerFact[] | null
}

/**
 * What a process has learned of a queue from the end of its log: how long attempts took, and how good forecasts are. What came before it began, it
 * learns as if it had been there: it makes forecasts on the way, and sees what comes.
 */
export class Experience {
  readonly times: RunTimes
  readonly #begin: number
  readonly #hindsight = new Hindsight()
  #version: number
  /** From this number on it looks whether somebody waits. */
  #next = 0

  /** @param begin the queue before the first event that it is told */
  constructor(begin: Ledger) {
    this.times = new RunTimes(begin)
    this.#begin = begin.version
    this.#version = begin.version
  }

  /** It has been told all events up to this one. */
  get version(): number {
    return this.#version
  }

  /** Whether it can go on to a version: too much that nothing was said of would not be compared. A restored log is another one. */
  mayGoOnTo(version: number): boolean {
    const missed = version - this.#version
    return missed >= 0 && missed <= MOST_MISSED * apart(version - this.#begin)
  }

  /** @param from the queue as it was or is: of a job that is live there it tells the kind */
  push(event: RecordedEvent, from: Ledger): void {
    this.times.push(event, from)
    this.#hindsight.push(event)
    this.#version = event.seq
  }

  /** When jobs start that wait there. What it says is compared with what comes, now and then. In turns. */
  *forecast({ ledger, now, workers }: Outset): Generator<void, Forecast> {
    const found = yield* forecast({
      ledger,
      now,
      workers,
      times: this.times,
      compared: this.#hindsight.at(now),
    })
    if (this.#isTime(ledger, this.#version - this.#begin)) yield* this.#note(found)
    return found
  }

  /** When one job starts, in turns. */
  *startOf({ ledger, now, workers }: Outset, jobId: string): ReturnType<Forecast['of']> {
    const compared = this.#hindsight.at(now)
    const found = yield* forecast({ ledger, now, workers, times: this.times, compared, jobId })
    return yield* found.of(jobId)
  }

  /**
   * Goes through what happened before it began, in turns.
   * @param replayer the queue before these events; it goes on with them
   * @param from the queue before the first event that it was told
   * @param workers those that are alive now: what they run
   * @param total how many events there are in all
   */
  *relive(
    replayer: Replayer,
    from: Ledger,
    events: readonly RecordedEvent[],
    workers: readonly WorkerFact[] | null,
    total: number,
  ): Generator<void, void> {
    for (const event of events) {
      replayer.push(event)
      this.push(event, from)
      if (event.seq < this.#next || this.times.count === 0) continue
      const ledger = replayer.ledger()
      this.#next = event.seq + (ledger.line.size > LONG_LINE ? apart(total) : 1)
      if (!this.#isTime(ledger, total)) continue
      this.#next = event.seq + apart(total)
      const then = workersAt(ledger, this.times, workers ?? [])
      yield* this.#note(
        yield* forecast({ ledger, now: event.at, workers: then, times: this.times, compared: [] }),
      )
    }
  }

  #isTime({ line, offered, version }: Ledger, total: number): boolean {
    const times = line.size > LONG_LINE ? 3 : 1
    return line.size > offered.size && version - this.#hindsight.lastVersion >= times * apart(total)
  }

  *#note(found: Forecast): Generator<void, void> {
    this.#hindsight.note(found.now, found.ledger.version, yield* found.sample())
  }
}

const apart = (total: number): number =>
  Math.max(FEWEST_APART, Math.ceil(Math.min(total, MEASURED_EVENTS) / MOMENTS))

/** Who was alive then nobody knows: those who ran something. */
function workersAt(ledger: Ledger, { crews }: RunTimes, now: readonly WorkerFact[]): readonly WorkerFact[] {
  const known = new Map(now.map((worker) => [worker.workerId, worker]))
  const ran = new Set(crews.workers.filter((worker) => known.has(worker)))
  for (const position of ledger.active) {
    const worker = ledger.jobs.get(position)?.workerId ?? null
    if (worker !== null && known.get(worker)?.kinds?.length !== 0) ran.add(worker)
  }
  return [...ran].map((workerId) => ({
    workerId,
    state: 'live',
    kinds: known.get(workerId)?.kinds ?? null,
    freeSlots: 0,
    release: '',
  }))
}
