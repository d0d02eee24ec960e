import type { Micros } from '../../core/index.ts'

/** A way that takes longer has to be thought of: the store lets an event be off by 1 s. */
const NOTABLE: Micros = 500_000

/**
 * How long an append is on its way to the database's clock. Its events are timed for when they get there. Nothing on most links;
 * what a refusal (`clock`) has taught on a slow one, where the way there may be seconds longer than the way back, which no
 * answer tells apart.
 */
export class Lead {
  #micros: Micros = 0

  get micros(): Micros {
    return this.#micros
  }

  /** An append that was decided at one time, by the database's clock, came to be looked at at another. */
  learn(decided: Micros, lookedAt: Micros, refused: boolean): void {
    const way = lookedAt - decided
    if (way < NOTABLE) this.#micros = 0
    else if (refused || this.#micros > 0) this.#micros = way
  }
}
