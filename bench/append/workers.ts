import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { compiledProgram } from '../frame/programs.ts'
import type { Order, Report, WorkerInput } from './contention-child.ts'

/** Worker processes that have joined a queue, and work on it when told to. */
export class Workers implements AsyncDisposable {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  /** Resolves when all have joined the queue. */
  static async start(input: WorkerInput, count: number): Promise<Workers> {
    const program = await compiledProgram(new URL('./contention-child.ts', import.meta.url))
    const children = Array.from({ length: count }, () => fork(program, [JSON.stringify(input)]))
    await Promise.all(children.map(nextMessage))
    return new Workers(children)
  }

  /** Resolves when all know what is in the log: what comes next is work alone. */
  async prepare(): Promise<void> {
    await this.#all('prepare')
  }

  /** Lets all of them go at once; what each has done when nothing is left. */
  async drain(): Promise<readonly Report[]> {
    return (await this.#all('drain')) as readonly Report[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        if (child.connected) child.send('leave' satisfies Order)
        else child.kill()
        await gone
      }),
    )
  }

  async #all(order: Order): Promise<unknown[]> {
    const answers = this.#children.map(nextMessage)
    for (const child of this.#children) child.send(order)
    return Promise.all(answers)
  }
}

/** @throws when the process ends without a word */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController()
  const { signal } = waiting
  const message = once(child, 'message', { signal }).then(([value]: unknown[]) => value)
  const gone = once(child, 'exit', { signal }).then(() => {
    throw new Error('a worker process has ended before it was done')
  })
  return Promise.race([message, gone]).finally(() => {
    message.catch(() => {})
    gone.catch(() => {})
    waiting.abort()
  })
}
