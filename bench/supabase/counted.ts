import { setTimeout as sleep } from 'node:timers/promises'

/** The requests of this process: all, by the name of their function, and the bytes of their answers. */
export class Requests {
  total = 0
  bytes = 0
  readonly #byName = new Map<string, number>()

  /** Counts each request where it leaves. @param delayMs how much longer each one takes */
  constructor(delayMs: number) {
    const send = globalThis.fetch
    globalThis.fetch = async (input, init) => {
      this.total++
      const name = /rpc\/job_queue_(\w+)/.exec(String(input))?.[1] ?? 'tables'
      this.#byName.set(name, (this.#byName.get(name) ?? 0) + 1)
      await sleep(delayMs)
      const response = await send(input, init)
      this.bytes += (await response.clone().arrayBuffer()).byteLength
      return response
    }
  }

  /** Counts from here on. */
  reset(): void {
    this.total = 0
    this.bytes = 0
    this.#byName.clear()
  }

  /** How many for each job, the most frequent first. */
  perJob(jobs: number): string {
    return [...this.#byName]
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${rounded(count / jobs)}`)
      .join(', ')
  }
}

export const rounded = (figure: number): number => Math.round(figure * 100) / 100
