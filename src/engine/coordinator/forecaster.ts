import {
  Experience,
  type Forecast,
  jobOf,
  type Ledger,
  MEASURED_EVENTS,
  type Micros,
  type NoRange,
  type Outset,
  type RecordedEvent,
  Replayer,
  type StartRange,
} from '../core/index.ts'
import type { LogRole, SnapshotRole } from '../store/index.ts'
import { ledgerNear } from './replica/snapshots.ts'

/** How long what was measured and what was told is used again, in milliseconds. */
const GOOD_MS = 5_000
/** Others go first after so many milliseconds of calculation. */
const TURN_MS = 3
const PAGE = 1_000

/** Where it learns what has happened. */
export interface PastOf {
  /** Events of the log after a number, at most so many. */
  read(
    after: number,
    limit: number,
  ): Promise<{ readonly events: readonly RecordedEvent[]; readonly archivedSeq: number }>
  /** The newest ledger at or before a number that can be had, or that of the beginning of the log. */
  ledgerNear(version: number): Promise<Ledger>
}

/** The past of a queue as its store has it. */
export const pastIn = (
  store: Pick<LogRole, 'read'> & Pick<SnapshotRole, 'snapshot' | 'chunk'>,
  queue: string,
): PastOf => ({
  read: (after, limit) => store.read(queue, after, limit),
  ledgerNear: (version) => ledgerNear(store, queue, version, () => {}),
})

/**
 * Says when waiting jobs start, to all in this process who ask. At the first question it goes through the end of the log, for how long attempts
 * took and how good forecasts would have been; what is new it reads every {@link GOOD_MS}, and for as long one forecast serves all jobs that it
 * knows.
 */
export class Forecaster {
  readonly #past: PastOf
  #experience: Experience | undefined
  /** One at a time: each event counts once. */
  #learning: Promise<Experience> | undefined
  #learnedAt = Number.NEGATIVE_INFINITY
  #last: LastForecast | undefined

  constructor(past: PastOf) {
    this.#past = past
  }

  /** When a job starts that waits there. @throws what the store throws */
  async startOf(at: Outset, jobId: string): Promise<StartRange | NoRange> {
    const last = this.#serves(at) ? await this.#last?.found : undefined
    if (last !== undefined && jobOf(last.ledger, jobId)?.active === false)
      return lessGone(await inTurns(last.of(jobId)), at.now - last.now)
    const found = await this.#kept(
      at,
      this.#learned(at).then((learned) => inTurns(learned.forecast(at))),
    )
    return inTurns(found.of(jobId))
  }

  /** The last forecast is for this question too: one that is being made, or, once something has completed, one that is made. */
  #serves(at: Outset): boolean {
    if (this.#last?.alive !== aliveIn(at)) return false
    return !this.#last.isMade || (this.#experience?.times.count ?? 0) > 0
  }

  /** Not for longer: it holds the queue as it was. */
  #kept(at: Outset, found: Promise<Forecast>): Promise<Forecast> {
    const last: LastForecast = { alive: aliveIn(at), found, isMade: false }
    const made = () => {
      last.isMade = true
    }
    const forget = () => {
      if (this.#last === last) this.#last = undefined
    }
    this.#last = last
    found.then(made, forget)
    setTimeout(forget, GOOD_MS).unref()
    return found
  }

  /** The same in a queue as it may become: what is told of it serves nobody else. @throws what the store throws */
  async startIn(at: Outset, jobId: string): Promise<StartRange | NoRange> {
    return inTurns((await this.#learned(at)).startOf(at, jobId))
  }

  async #learned(at: Outset): Promise<Experience> {
    const known = this.#experience
    const isFresh =
      known !== undefined && known.times.count > 0 && performance.now() - this.#learnedAt < GOOD_MS
    if (isFresh) return known
    this.#learning ??= this.#learn(at).finally(() => {
      this.#learning = undefined
    })
    return this.#learning
  }

  async #learn(at: Outset): Promise<Experience> {
    const { version } = at.ledger
    const known = this.#experience
    const learned = known?.mayGoOnTo(version) === true ? known : await this.#relived(at)
    this.#experience = learned
    await this.#eachPage(learned.version, version, (events) => {
      for (const event of events) learned.push(event, at.ledger)
    })
    this.#learnedAt = performance.now()
    return learned
  }

  /** As if it had been there for the last events. */
  async #relived({ ledger: { version }, workers }: Outset): Promise<Experience> {
    const begin = await this.#ledgerAt(Math.max(0, version - MEASURED_EVENTS))
    const learned = new Experience(begin)
    const replayer = new Replayer(begin)
    const total = version - begin.version
    await this.#eachPage(begin.version, version, (events) =>
      inTurns(learned.relive(replayer, begin, events, workers, total)),
    )
    return learned
  }

  /** Or at the beginning of the log, if that is later. */
  async #ledgerAt(version: number): Promise<Ledger> {
    const near = await this.#past.ledgerNear(version)
    if (near.version >= version) return near
    const replayer = new Replayer(near)
    await this.#eachPage(near.version, version, (events) => {
      for (const event of events) replayer.push(event)
    })
    return replayer.ledger()
  }

  async #eachPage(
    after: number,
    upTo: number,
    visit: (events: readonly RecordedEvent[]) => Promise<void> | void,
  ): Promise<void> {
    for (let seen = after; seen < upTo; ) {
      const { events } = await this.#past.read(seen, Math.min(PAGE, upTo - seen))
      await visit(events)
      const next = events.at(-1)?.seq ?? seen
      if (next <= seen) return
      seen = next
    }
  }
}

interface LastForecast {
  readonly alive: string
  readonly found: Promise<Forecast>
  isMade: boolean
}

/** With other processes another forecast holds. */
const aliveIn = ({ workers }: Outset): string =>
  JSON.stringify(
    workers?.flatMap(({ workerId, state, kinds }) => (state === 'live' ? [[workerId, kinds]] : [])),
  )

/** As it stands some time later. */
function lessGone(range: StartRange | NoRange, gone: Micros): StartRange | NoRange {
  if (typeof range === 'string') return range
  const less = (at: Micros) => Math.max(0, at - gone)
  return { likely: less(range.likely), from: less(range.from), to: less(range.to) }
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
