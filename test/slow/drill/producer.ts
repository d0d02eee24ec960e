import { setTimeout as sleep } from 'node:timers/promises'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { Gaps } from './gaps.ts'

const MODELS = 8

/** Puts short jobs in line, one after the other, and remembers what was acknowledged. */
export class Producer {
  readonly acknowledged: string[] = []
  readonly failed: unknown[] = []
  readonly #gaps = new Gaps()
  #isOver = false
  readonly #done: Promise<void>

  /** @param name what the ids of its jobs begin with */
  constructor(coordinator: Coordinator, name: string) {
    this.#done = this.#produce(coordinator, name)
  }

  /** The longest time between two acknowledgements since this was last asked, in milliseconds. */
  takeGap = (): number => this.#gaps.take()

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
        this.#gaps.mark()
      } catch (error) {
        this.failed.push(error)
      }
      await sleep(100)
    }
  }
}
