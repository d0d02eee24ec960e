import type { Decider, DecidingRole, Handings } from '../../port/index.ts'

/** How long commands are handed in after one that was told got no answer, in milliseconds: the deciding process may not hear. */
const NOT_FOR_MS = 10_000

/**
 * The way to the process that decides for all. Once the store has said where that hears, it is told of commands at once: they are with it
 * sooner than over a table, and cost the server less. What gets lost is handed in.
 */
export class DeciderLine {
  readonly #deciding: DecidingRole
  readonly #queue: string
  #decider: Decider | undefined
  /** By `performance.now()`. */
  #notUntil = Number.NEGATIVE_INFINITY

  constructor(deciding: DecidingRole, queue: string) {
    this.#deciding = deciding
    this.#queue = queue
  }

  /** Undefined: nobody else decides, or it cannot be told. */
  learn(decider: Decider | undefined): void {
    this.#decider = decider
  }

  /** It was told, and has not answered. */
  isSilent(): void {
    if (this.#decider === undefined) return
    this.#decider = undefined
    this.#notUntil = performance.now() + NOT_FOR_MS
  }

  /** False: they have to be handed in. @throws what the store throws */
  async tell(handings: Handings): Promise<boolean> {
    const decider = this.#decider
    if (decider === undefined || performance.now() < this.#notUntil) return false
    return (await this.#deciding.tell?.(this.#queue, decider, handings)) === true
  }
}
