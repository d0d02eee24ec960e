import { atMost, pause } from './retry.ts'

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

  /** The same, but after `mostMs` in any case. */
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
export class Slices {
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
