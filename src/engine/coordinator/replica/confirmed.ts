import type { AppendRole } from '../../store/index.ts'
import { retryWithin } from '../base/retry.ts'

/**
 * Up to which version the log is known to be where commits have to be: with the standby, if they wait for one. Whatever this process tells of
 * the log as a fact, an answer to a command or a start, passes here. So nothing is acknowledged that a fail-over would lose, whichever way
 * this process has learnt of it: by its own append, by a message of another process, or by reading.
 */
export class Confirmed {
  readonly #store: Pick<AppendRole, 'confirm'>
  /** Infinite in a store where whatever can be read is where it has to be. */
  #version: number
  #wanted = 0
  #asking: Promise<void> | undefined

  constructor(store: Pick<AppendRole, 'confirm'>) {
    this.#store = store
    this.#version = store.confirm === undefined ? Number.POSITIVE_INFINITY : 0
  }

  has(version: number): boolean {
    return version <= this.#version
  }

  /** The store has said so: it has answered an append, or nothing that it shows waits for a standby. */
  reach(version: number): void {
    this.#version = Math.max(this.#version, version)
  }

  /**
   * Resolves when it is so. Those who ask while a question is under way share the next one.
   * @param version has been read, or heard of
   * @throws what the store throws: then it is unknown
   */
  async upTo(version: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, version)
    while (!this.has(version)) {
      this.#asking ??= this.#ask()
      await this.#asking
    }
  }

  /** Calls `then` when it is so: at once, if that is known. Asks until it is, or until the signal fires. */
  after(version: number, signal: AbortSignal, then: () => void): void {
    if (this.has(version)) return then()
    const limit = { forMs: Number.POSITIVE_INFINITY, signal }
    retryWithin(limit, () => this.upTo(version)).then(then, () => {})
  }

  async #ask(): Promise<void> {
    const version = this.#wanted
    try {
      await this.#store.confirm?.()
      this.reach(version)
    } finally {
      this.#asking = undefined
    }
  }
}
