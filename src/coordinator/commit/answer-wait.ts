import { atMost } from '../base/retry.ts'

/**
 * How long a process that handed commands in waits for the answer before it looks again, in milliseconds: the deciding process may have
 * been replaced, or be gone. Several times as long as answers usually take: to look is to read what was missed, and where a slow machine is
 * the reason that would make it slower. The most is the longest term.
 */
const LOOK = { leastMs: 50, mostMs: 2_000, answers: 6 }
/** The share of the newest answer in what is usual. */
const NEWEST = 0.2

/** How long a process waits for the one that decides for all. */
export class AnswerWait {
  #usualMs = 0

  /** Resolves with the answer, or when it is time to look. */
  async wait(answer: Promise<void>): Promise<void> {
    const began = performance.now()
    await atMost(this.lookMs, answer)
    this.#usualMs += NEWEST * (performance.now() - began - this.#usualMs)
  }

  get lookMs(): number {
    return Math.min(LOOK.mostMs, Math.max(LOOK.leastMs, LOOK.answers * this.#usualMs))
  }
}
