import {
  isDeath,
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import type { LogStore, OutsideLine, Submitted, WorkerRow } from '../../../engine/store/index.ts'
import { CensusWatch } from '../../../tools/insight/census-watch.ts'
import { healthOf, type QueueHealth } from '../../../tools/insight/queue-health.ts'
import { deadLately, MOST_DEAD } from '../../../tools/insight/wrong-facts.ts'
import type { Tail } from '../../../tools/operate/tail.ts'

/** How long what waits outside of the line is good, in milliseconds: asking for it is a call to the store. */
const OUTSIDE_MS = 15_000
/**
 * How long what is known of dead letters is good, in milliseconds: if events say that they have changed; and if none does, since
 * nobody is told of those that are dropped.
 */
const LETTERS_MS = { changed: 5_000, quiet: 60_000 }

/** What the reader of the queue knows. */
export interface ReaderFacts {
  readonly now: Micros
  readonly tail: Tail
  readonly ledger: Ledger
  readonly workers: readonly WorkerRow[]
}

type Store = Pick<LogStore, 'backlog' | 'dead' | 'submitted'>

/** Whether a queue is healthy. It asks the store for what the log does not say, and seldom. */
export class HealthWatch {
  readonly #outside: OutsideWatch
  readonly #letters: LetterWatch
  readonly #census = new CensusWatch()

  constructor(store: Store, queue: string) {
    this.#outside = new OutsideWatch(store, queue)
    this.#letters = new LetterWatch(store, queue)
  }

  async look({ now, tail, ledger, workers }: ReaderFacts): Promise<QueueHealth> {
    const [{ outside, refused }, deaths] = await Promise.all([
      this.#outside.look(now),
      this.#letters.look(tail),
    ])
    const dead = deaths && deadLately(deaths, now)
    const facts = { now, ledger, workers, ending: new Set(outside?.ending) }
    return healthOf({ ...facts, census: await this.#census.look(facts), outside, refused, dead })
  }

  /** It is another log, or somebody has dropped dead letters, which no event says. */
  forget(): void {
    this.#letters.forget()
    this.#outside.forget()
    this.#census.forget()
  }
}

/** Undefined: it could not be read. */
interface Outside {
  readonly outside: OutsideLine | null | undefined
  readonly refused: Submitted | undefined
}

class OutsideWatch {
  readonly #store: Store
  readonly #queue: string
  #known: { readonly at: Micros; readonly found: Promise<Outside> } | null = null

  constructor(store: Store, queue: string) {
    this.#store = store
    this.#queue = queue
  }

  async look(now: Micros): Promise<Outside> {
    if (this.#known === null || now - this.#known.at > OUTSIDE_MS * MICROS_PER_MS)
      this.#known = { at: now, found: this.#read() }
    const { at, found } = this.#known
    const { outside, refused } = await found
    return { outside: outside && aged(outside, (now - at) / MICROS_PER_MS), refused }
  }

  /** A database with the functions of an older release does not know all of it. */
  async #read(): Promise<Outside> {
    const outside = await this.#store.backlog(this.#queue).catch(() => undefined)
    const refused = await this.#store.submitted(this.#queue, 1).catch(() => undefined)
    return { outside, refused }
  }

  forget(): void {
    this.#known = null
  }
}

/** What it has become meanwhile, if nothing else has happened. */
function aged({ behind, arrivals, inbox, ...rest }: OutsideLine, ms: number): OutsideLine {
  const older = <Each extends { readonly ageMs: number | null }>(each: Each): Each => ({
    ...each,
    ageMs: each.ageMs === null ? null : each.ageMs + ms,
  })
  return { ...rest, behind: behind && older(behind), arrivals: older(arrivals), inbox: older(inbox) }
}

interface Letters {
  readonly readAt: number
  readonly jobIds: ReadonlySet<string>
  readonly ends: readonly { readonly at: Micros }[]
}

/** The newest dead letters, read again when a job has died or one of them is in line again. */
class LetterWatch {
  readonly #store: Store
  readonly #queue: string
  #known: Promise<Letters | undefined> | null = null
  /** Events up to this one were looked at. */
  #version = 0
  #isChanged = false

  constructor(store: Store, queue: string) {
    this.#store = store
    this.#queue = queue
  }

  /** Undefined: they could not be read. */
  async look(tail: Tail): Promise<Letters['ends'] | undefined> {
    const known = await this.#known
    const news = tail.after(this.#version, Number.POSITIVE_INFINITY)
    this.#version = tail.version
    this.#isChanged ||= news === null || news.some((event) => changes(event, known ?? undefined))
    const age = performance.now() - (known?.readAt ?? Number.NEGATIVE_INFINITY)
    if (age > (this.#isChanged ? LETTERS_MS.changed : LETTERS_MS.quiet)) {
      this.#isChanged = false
      this.#known = this.#read()
    }
    return (await this.#known)?.ends
  }

  forget(): void {
    this.#known = null
  }

  async #read(): Promise<Letters | undefined> {
    try {
      const letters = await this.#store.dead(this.#queue, { limit: MOST_DEAD })
      const jobIds = new Set(letters.map(({ jobId }) => jobId))
      return { readAt: performance.now(), jobIds, ends: letters.map(({ at }) => ({ at })) }
    } catch {
      return undefined
    }
  }
}

const changes = (event: RecordedEvent, known: Letters | undefined): boolean =>
  isDeath(event) || (event.type === 'queued' && known?.jobIds.has(event.jobId) === true)
