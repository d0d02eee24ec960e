import { pause } from '../../../engine/coordinator/base/retry.ts'
import { InterlockError, isInterlockError, type Micros } from '../../../engine/core/index.ts'
import { type LogStore, PAGE, pagesAfter } from '../../../engine/store/index.ts'
import { type Tail, tailFrom } from './tail.ts'

/** Called while a log is followed: in order, and one at a time. */
export interface OnFollowing {
  /** The tail has new events. */
  events(): void
  /** The database cannot be read. Called once, until it can be read again. */
  failure(error: unknown): void
  recovered(): void
  /** The log is another one, or the next events were archived: everything known is void. */
  reset(code: 'log_went_back' | 'archived'): void
}

export interface FollowOptions {
  readonly store: Pick<LogStore, 'open' | 'read' | 'listen'>
  readonly queue: string
  /** How often to read the log without a wake-up, in milliseconds. */
  readonly pollMs: number
  readonly on: OnFollowing
}

/** The pause between two tries while the database does not answer, in milliseconds: the first, and the longest. */
const REST = { first: 50, longest: 1_000 }

/**
 * Follows the end of a log by wake-ups, and by a look every `pollMs` in case one was lost. Each look also reads the last known
 * event again: after a restore, another event has its number. It passes on only events that follow the last one.
 */
export class LogFollower {
  readonly #options: FollowOptions
  #tail: Tail | null = null
  #clock = { now: 0, at: 0 }
  #isOpen = false
  #looking: Promise<void> | null = null

  constructor(options: FollowOptions) {
    this.#options = options
  }

  /** Null: it was not read yet, or has to be read again. */
  get tail(): Tail | null {
    return this.#tail
  }

  /** The database's clock, as far as this process can tell. */
  now(): Micros {
    const { now, at } = this.#clock
    return now + Math.round((performance.now() - at) * 1_000)
  }

  /** Reads what is new. @throws what the store throws */
  look(): Promise<void> {
    this.#looking ??= this.#readOn().finally(() => (this.#looking = null))
    return this.#looking
  }

  /** Reads whenever something happens, until the signal fires. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, queue, pollMs, on } = this.#options
    const bell = new Bell()
    const onAbort = () => bell.ring()
    let failed = 0
    let stop: (() => Promise<void>) | null = null
    signal.addEventListener('abort', onAbort)
    while (!signal.aborted) {
      bell.clear()
      try {
        await this.look()
        stop ??= await store.listen(queue, () => bell.ring())
        if (failed > 0) on.recovered()
        failed = 0
      } catch (error) {
        if (failed++ === 0) on.failure(error)
        await pause(Math.min(REST.first * 2 ** failed, REST.longest), signal)
        continue
      }
      if (!signal.aborted) await bell.woken(pollMs)
    }
    signal.removeEventListener('abort', onAbort)
    await stop?.().catch(() => {})
  }

  async #start(): Promise<void> {
    const { store, queue } = this.#options
    if (!this.#isOpen) await store.open(queue, { make: false })
    this.#isOpen = true
    const { version, now } = await store.read(queue, 0, 1)
    this.#clock = { now, at: performance.now() }
    // One event more, for the next look to compare with.
    const from = Math.max(0, version - 1)
    const { events } = await store.read(queue, from, PAGE)
    const tail = tailFrom(events[0]?.seq === from + 1 ? from : version)
    this.#tail = tail
    if (!tail.push(events)) throw gap(queue, tail.version)
  }

  async #beginAgain(code: 'log_went_back' | 'archived'): Promise<void> {
    const { on } = this.#options
    this.#tail = null
    on.reset(code)
    await this.#start()
    on.events()
  }

  async #readOn(): Promise<void> {
    const { on } = this.#options
    const tail = this.#tail
    if (tail === null) {
      await this.#start()
      return on.events()
    }
    try {
      await this.#readAfter(tail)
    } catch (error) {
      if (!isInterlockError(error)) throw error
      const { code } = error
      if (code !== 'log_went_back' && code !== 'archived') throw error
      await this.#beginAgain(code)
    }
  }

  async #readAfter(tail: Tail): Promise<void> {
    const { store, queue, on } = this.#options
    const { version: known, lastAt } = tail
    let head = 0
    for await (const page of pagesAfter(store, queue, known, { known: { at: lastAt } })) {
      // Later pages were fetched ahead.
      if (head === 0) this.#clock = { now: page.now, at: performance.now() }
      head = page.version
      if (!tail.push(page.events)) throw gap(queue, tail.version)
      if (page.events.length > 0) on.events()
    }
    if (tail.version < head) throw gap(queue, tail.version)
  }
}

/** Rings for the one who waits; a ring while nobody waits is kept. */
class Bell {
  #hasRung = false
  #wake = () => {}

  ring(): void {
    this.#hasRung = true
    this.#wake()
  }

  clear(): void {
    this.#hasRung = false
  }

  /** Resolves when it rings, or after a time in milliseconds. */
  woken(ms: number): Promise<void> {
    if (this.#hasRung) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

const gap = (queue: string, version: number) =>
  new InterlockError(
    'corrupt_log',
    `event ${version + 1} is not in the log of queue ${queue}, though later ones are; run \`npx interlock-queue verify\``,
    { seq: version + 1 },
  )
