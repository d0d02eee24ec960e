import { type Census, type CensusFacts, counted } from './census.ts'

/**
 * How long it counts before others in this process go first, and in all before the next look goes on with it, in milliseconds. What it
 * leaves for the garbage collector costs about as much again.
 */
const TURN_MS = 4
const BUDGET_MS = 30
/** What took so long to count is good for so many times as long. */
const REST = 5

/**
 * Counts the jobs of one queue for somebody who asks again and again, beside other work. A long line is counted over several looks, each as
 * the queue was when that count began; meanwhile the last one that is whole is told.
 */
export class CensusWatch {
  #last: Census | null = null
  #counting: Generator<void, Census> | null = null
  /** How long the present count has taken. */
  #spentMs = 0
  #goodUntil = Number.NEGATIVE_INFINITY
  #looking: Promise<Census> | null = null

  /** @param facts of now; a count that is under way goes on with those it began with */
  look(facts: CensusFacts): Promise<Census> {
    if (this.#last !== null && performance.now() < this.#goodUntil) return Promise.resolve(this.#last)
    this.#looking ??= this.#look(facts).finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  /** It is another log. */
  forget(): void {
    this.#last = null
    this.#counting = null
    this.#goodUntil = Number.NEGATIVE_INFINITY
  }

  async #look(facts: CensusFacts): Promise<Census> {
    if (this.#counting === null) this.#spentMs = 0
    this.#counting ??= counted(facts)
    const counting = this.#counting
    for (let spent = 0; ; ) {
      const { census, ms } = turn(counting)
      spent += ms
      this.#spentMs += ms
      if (census !== null) return this.#keep(counting, census)
      if (spent >= BUDGET_MS && this.#last !== null) return this.#last
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #keep(counting: Generator<void, Census>, census: Census): Census {
    // Another log may have begun meanwhile.
    if (this.#counting !== counting) return census
    this.#counting = null
    this.#last = census
    this.#goodUntil = performance.now() + REST * this.#spentMs
    return census
  }
}

function turn(counting: Generator<void, Census>): { readonly census: Census | null; readonly ms: number } {
  const began = performance.now()
  for (;;) {
    const { done, value } = counting.next()
    const ms = performance.now() - began
    if (done === true) return { census: value, ms }
    if (ms >= TURN_MS) return { census: null, ms }
  }
}
