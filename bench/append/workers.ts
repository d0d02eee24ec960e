import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Report, WorkerInput } from './contention-child.ts'

/** Worker processes that wait for the word to drain a queue. */
export class Workers implements AsyncDisposable {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  /** Resolves when all have joined the queue. */
  static async start(input: WorkerInput, count: number): Promise<Workers> {
    const program = new URL('./contention-child.ts', import.meta.url)
    const children = Array.from({ length: count }, () => fork(program, [JSON.stringify(input)]))
    await Promise.all(children.map(nextMessage))
    return new Workers(children)
  }

  /** Lets all of them go at once; what each has done when nothing is left. */
  async drain(): Promise<readonly Report[]> {
    const reports = this.#children.map(nextMessage)
    for (const child of this.#children) child.send('go')
    return (await Promise.all(reports)) as readonly Report[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        child.kill()
        await gone
      }),
    )
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
