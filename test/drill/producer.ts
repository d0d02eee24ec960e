import { setTimeout as sleep } from 'node:timers/promises'
import type { Coordinator } from '../../src/coordinator/index.ts'

const MODELS = 8

/** Puts short jobs in line, one after the other, and remembers what was acknowledged and when. */
export class Producer {
  readonly acknowledged: string[] = []
  readonly failed: unknown[] = []
  /** The longest time between two acknowledgements since this was last asked, in milliseconds. */
  #longest = 0
  #lastAt = performance.now()
  #isOver = false
  readonly #done: Promise<void>

  /** @param name what the ids of its jobs begin with */
  constructor(coordinator: Coordinator, name: string) {
    this.#done = this.#produce(coordinator, name)
  }

  takeGap(): number {
    const gap = this.#longest
    this.#longest = 0
    return gap
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#done
  }

  async #produce(coordinator: Coordinator, name: string): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      const jobId = `${name}-${n}`
      try {
        await coordinator.enqueue([{ jobId, models: [`short-${n % MODELS}`], payload: { ms: 30 } }])
        this.acknowledged.push(jobId)
        const now = performance.now()
        this.#longest = Math.max(this.#longest, now - this.#lastAt)
        this.#lastAt = now
      } catch (error) {
        this.failed.push(error)
      }
      await sleep(100)
    }
  }
}
