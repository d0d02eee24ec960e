import {
  type Forecast,
  type ForecastOptions,
  forecast,
  forecastOf,
  handsOf,
  jobOf,
  type Ledger,
  MEASURED_EVENTS,
  type Micros,
  type NoRange,
  type RecordedEvent,
  RunTimes,
  type StartRange,
  type WorkerFact,
} from '../core/index.ts'

/** How long what was measured and what was told is used again, in milliseconds. */
const GOOD_MS = 5_000
/** Others go first after so many milliseconds of calculation. */
const TURN_MS = 3
const PAGE = 1_000

/** A queue at one version, and who can run its jobs. */
export interface Outset {
  readonly ledger: Ledger
  readonly now: Micros
  readonly workers: readonly WorkerFact[] | null
}

type Read = (
  after: number,
  limit: number,
) => Promise<{ readonly events: readonly RecordedEvent[]; readonly archivedSeq: number }>

/**
 * Says when waiting jobs start, to all in this process who ask. It reads the end of the log for how long attempts took, and what is new there
 * every {@link GOOD_MS}; for as long one forecast serves all jobs that it knows.
 */
export class Forecaster {
  readonly #read: Read
  #times = new RunTimes()
  #seen = 0
  /** One at a time: each event counts once. */
  #measuring: Promise<void> | undefined
  #measuredAt = Number.NEGATIVE_INFINITY
  #last: Promise<Forecast> | undefined

  /** @param read events of the log after a number, at most so many */
  constructor(read: Read) {
    this.#read = read
  }

  /** When a job starts that waits there. @throws what the store throws */
  async startOf(at: Outset, jobId: string): Promise<StartRange | NoRange> {
    // While nothing has completed, it is soon otherwise.
    const last = this.#times.count === 0 ? undefined : await this.#last
    if (last !== undefined && jobOf(last.ledger, jobId)?.active === false)
      return lessGone(await inTurns(last.of(jobId)), at.now - last.now)
    const found = await this.#kept(this.#optionsAt(at).then((options) => inTurns(forecast(options))))
    return inTurns(found.of(jobId))
  }

  /** Not for longer: it holds the queue as it was. */
  #kept(found: Promise<Forecast>): Promise<Forecast> {
    const forget = () => {
      if (this.#last === found) this.#last = undefined
    }
    this.#last = found
    setTimeout(forget, GOOD_MS).unref()
    found.catch(forget)
    return found
  }

  /** The same in a queue as it may become: what is told of it serves nobody else. @throws what the store throws */
  async startIn(at: Outset, jobId: string): Promise<StartRange | NoRange> {
    return inTurns(forecastOf({ ...(await this.#optionsAt(at)), jobId }))
  }

  async #optionsAt({ ledger, now, workers }: Outset): Promise<ForecastOptions> {
    const isOld = this.#times.count === 0 || performance.now() - this.#measuredAt >= GOOD_MS
    if (isOld)
      this.#measuring ??= this.#measure(ledger).finally(() => {
        this.#measuring = undefined
      })
    await this.#measuring
    return { ledger, now, times: this.#times, hands: handsOf(workers, ledger) }
  }

  async #measure(ledger: Ledger): Promise<void> {
    // The database was restored from a backup.
    if (ledger.version < this.#seen) [this.#times, this.#seen] = [new RunTimes(), 0]
    this.#seen = Math.max(this.#seen, ledger.version - MEASURED_EVENTS)
    while (this.#seen < ledger.version) {
      const { events, archivedSeq } = await this.#read(
        this.#seen,
        Math.min(PAGE, ledger.version - this.#seen),
      )
      for (const event of events) this.#times.push(event, ledger)
      // What was archived may have been dropped: it goes on behind that.
      const next = events.at(-1)?.seq ?? archivedSeq
      if (next <= this.#seen) break
      this.#seen = next
    }
    this.#measuredAt = performance.now()
  }
}

/** As it stands some time later. */
function lessGone(range: StartRange | NoRange, gone: Micros): StartRange | NoRange {
  if (typeof range === 'string') return range
  const less = (at: Micros | null) => (at === null ? null : Math.max(0, at - gone))
  return { ...range, likely: Math.max(0, range.likely - gone), from: less(range.from), to: less(range.to) }
}

/** Calculates without keeping the process from anything else for long. */
async function inTurns<T>(work: Generator<void, T>): Promise<T> {
  for (let began = performance.now(); ; ) {
    const { done, value } = work.next()
    if (done === true) return value
    if (performance.now() - began < TURN_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    began = performance.now()
  }
}
