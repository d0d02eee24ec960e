import { isOutage } from '../../core/index.ts'
import { atMost, pause } from './retry.ts'

/** Where a process notes failures whose error no caller gets. */
export interface FailureLog {
  note(error: unknown): void
}

/**
 * One piece of work that never runs twice at once. If it is requested while it runs, it runs once more: nothing that came after
 * it began is missed, however many ask.
 */
export class SingleFlight {
  readonly #work: () => Promise<void>
  readonly #onError: (error: unknown) => void
  #run: Promise<void> | undefined
  #isWanted = false
  #isClosed = false

  /** @param onError gets the errors of the work; requests that came meanwhile are then dropped, and have to be made again */
  constructor(work: () => Promise<void>, onError: (error: unknown) => void) {
    this.#work = work
    this.#onError = onError
  }

  get isRunning(): boolean {
    return this.#run !== undefined
  }

  /** Runs the work at once, or once more when the current run has ended. Resolves when nothing is left to do. */
  request(): Promise<void> {
    this.#isWanted = !this.#isClosed
    if (this.#run !== undefined) return this.#run
    // Set before the work begins, since the work may request again at once.
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#run = promise
    void this.#runAll().then(resolve)
    return promise
  }

  /** The current run, or one that begins now. */
  join(): Promise<void> {
    return this.#run ?? this.request()
  }

  /** Resolves when it does not run. */
  async idle(): Promise<void> {
    while (this.#run !== undefined) await this.#run
  }

  /** No more runs. Resolves when the current run has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#isWanted = false
    await this.#run
  }

  async #runAll(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false
        await this.#work()
      }
    } catch (error) {
      this.#isWanted = false
      this.#onError(error)
    } finally {
      // In the same turn as the last check for requests, so that none comes in between.
      this.#run = undefined
    }
  }
}

/** A read that those who ask at the same time share. Each gets what was read after it had asked. */
export class SharedRead<Out> {
  readonly #read: () => Promise<Out>
  #present: Promise<unknown> = Promise.resolve()
  #next: Promise<Out> | undefined

  constructor(read: () => Promise<Out>) {
    this.#read = read
  }

  /** @throws what the read throws */
  ask(): Promise<Out> {
    this.#next ??= this.#begin()
    return this.#next
  }

  async #begin(): Promise<Out> {
    await this.#present
    this.#next = undefined
    const read = this.#read()
    this.#present = read.catch(() => {})
    return read
  }
}

interface WaitingRead {
  readonly begin: () => void
  readonly giveUp: (error: unknown) => void
}

/** Reads of which so many are under way at once. The others wait in line, for as long as some are answered. */
export class ReadLine {
  #free: number
  #answered = 0
  readonly #waiting: WaitingRead[] = []

  constructor(most: number) {
    this.#free = most
  }

  /** @throws what the read throws; who still waits gets the error of an outage during which nobody was answered */
  async during<Out>(read: () => Promise<Out>): Promise<Out> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((begin, giveUp) => this.#waiting.push({ begin, giveUp }))
    const before = this.#answered
    try {
      const out = await read()
      this.#answered++
      return out
    } catch (error) {
      if (isOutage(error) && this.#answered === before)
        for (const { giveUp } of this.#waiting.splice(0)) giveUp(error)
      throw error
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next.begin()
    }
  }
}

/** Work under way that others may wait for. */
export class InFlight {
  readonly #works = new Set<Promise<unknown>>()

  add<T>(work: Promise<T>): Promise<T> {
    this.#works.add(work)
    const end = () => this.#works.delete(work)
    work.then(end, end)
    return work
  }

  /** Resolves when nothing is under way any more, including work that starts meanwhile, however it ended. */
  async done(): Promise<void> {
    while (this.#works.size > 0) await Promise.allSettled(this.#works)
  }

  /** Resolves when nothing is under way any more, or after `mostMs`. */
  async doneWithin(mostMs: number): Promise<void> {
    await atMost(mostMs, this.done())
  }
}

/** How long a slice of work may keep the event loop busy. */
const SLICE_MS = 4

/**
 * Work in slices: after each slice, everything else that waits in this process runs first.
 * @example if (slices.isOver()) await slices.rest()
 */
export class WorkSlices {
  readonly #restMs: number
  readonly #signal: AbortSignal | undefined
  #began = performance.now()

  /** @param restMs the pause between two slices; 0: no longer than other work needs */
  constructor(restMs: number, signal?: AbortSignal) {
    this.#restMs = restMs
    this.#signal = signal
  }

  isOver(): boolean {
    return performance.now() - this.#began >= SLICE_MS
  }

  /** @throws the reason of the signal */
  async rest(): Promise<void> {
    await (this.#restMs > 0 ? pause(this.#restMs) : turn())
    this.#signal?.throwIfAborted()
    this.#began = performance.now()
  }
}

/** Lets everything that waits already run first. Written by hand because browsers have no function for it. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve)
  })
