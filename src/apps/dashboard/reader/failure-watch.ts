import {
  type AttemptEndEvent,
  endsAttempt,
  MICROS_PER_SECOND,
  type Micros,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { PAGE } from '../../../engine/store/index.ts'
import {
  type AttemptFailures,
  type EndedAttempt,
  FailureSums,
  FollowedAttempts,
} from '../../../tools/insight/stats/failures.ts'
import type { Tail } from '../../../tools/operate/tail.ts'
import type { Pages } from './pages.ts'

/** How many of the last events are read for the first answer. */
const MOST_READ = 20_000
/** Attempts that are kept, and for how long. */
const MOST_KEPT = 50_000
const KEPT: Micros = 86_400 * MICROS_PER_SECOND

/** Failures since a time. */
export interface FailuresSince {
  /** The time that was asked for, or the first one of which it knows. */
  readonly from: Micros
  readonly to: Micros
  readonly failures: AttemptFailures
}

/** Where attempts failed lately. It reads the end of the log once, when somebody asks, and then only what is new. */
export class FailureWatch {
  readonly #pages: Pick<Pages, 'read'>
  #attempts = new FollowedAttempts()
  #ended: EndedAttempt[] = []
  /** Events up to this one were looked at; null: none was. */
  #version: number | null = null
  /** From when on it knows all attempts that ended; 0: from the beginning of the log. */
  #from: Micros = 0
  #looking: Promise<unknown> = Promise.resolve()

  constructor(pages: Pick<Pages, 'read'>) {
    this.#pages = pages
  }

  /** @throws what the store throws */
  async look(tail: Tail, since: Micros, now: Micros): Promise<FailuresSince> {
    const looked = this.#looking.then(() => this.#readOn(tail, now))
    this.#looking = looked.catch(() => {})
    await looked
    const from = Math.max(since, this.#from)
    const sums = new FailureSums()
    for (const attempt of this.#ended) if (attempt.at >= from) sums.add(attempt)
    return { from, to: now, failures: sums.failures }
  }

  /** It is another log. */
  forget(): void {
    this.#version = null
  }

  async #readOn(tail: Tail, now: Micros): Promise<void> {
    if (this.#version === null || tail.version - this.#version > MOST_READ) await this.#begin(tail)
    let at = this.#version ?? 0
    while (at < tail.version) {
      const events = tail.after(at, PAGE) ?? (await this.#pages.read(at, PAGE)).events
      if (events.length === 0) break
      for (const event of events) await this.#note(event)
      at += events.length
      this.#version = at
    }
    this.#drop(now)
  }

  /** Pages begin where others' do, so that most of them are read once for all that looks at the log. */
  async #begin(tail: Tail): Promise<void> {
    const wanted = Math.max(0, Math.floor((tail.version - MOST_READ) / PAGE) * PAGE)
    const { events, archivedSeq } = await this.#pages.read(wanted, PAGE)
    const first = events[0]
    this.#attempts = new FollowedAttempts()
    this.#ended = []
    this.#from = first === undefined || first.seq === 1 ? 0 : first.at
    this.#version = first === undefined ? Math.max(wanted, archivedSeq) : first.seq - 1
  }

  async #note(event: RecordedEvent): Promise<void> {
    if (endsAttempt(event) && !this.#attempts.knows(event)) await this.#learn(event)
    const ended = this.#attempts.note(event)
    if (ended !== undefined) this.#ended.push(ended)
  }

  /** The attempt began before all that was read. The token of its end is the number of its start; what was archived is left out. */
  async #learn({ token }: AttemptEndEvent): Promise<void> {
    const { events } = await this.#pages.read(token - 1, 1)
    const [start] = events
    if (start?.seq === token && start.type === 'started') this.#attempts.note(start)
  }

  #drop(now: Micros): void {
    const old = this.#ended.findIndex(({ at }) => at >= now - KEPT)
    const superfluous = Math.max(old === -1 ? this.#ended.length : old, this.#ended.length - MOST_KEPT)
    const last = this.#ended[superfluous - 1]
    if (last === undefined) return
    this.#ended = this.#ended.slice(superfluous)
    this.#from = last.at + 1
  }
}
