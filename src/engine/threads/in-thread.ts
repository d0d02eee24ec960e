import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { invalidInput } from '../core/index.ts'
import { checkThreadHandler } from '../events/index.ts'
import type { HandlerContext, Job, ThreadHandler } from '../worker/index.ts'
import { Thread, type ThreadOptions } from './thread.ts'

/**
 * A handler that runs in a thread of its own: what computes, blocks, exits or runs out of memory there harms no other attempt. Each attempt
 * has a thread to itself, as many as the worker has slots; a thread is used again, and ends when the worker has drained.
 * @param file a module whose default export is the handler: a URL (`new URL('./resize.js', import.meta.url)`), or a path from the working
 * directory. TypeScript as Node.js runs it
 * @throws InterlockError `invalid_input` if there is no such file
 * @example
 * createJobWorker({ coordinator, handlers: { resize: inThread(new URL('./resize.js', import.meta.url)) } })
 */
export function inThread<Payload = unknown, Result = unknown>(
  file: string | URL,
  options: ThreadOptions = {},
): ThreadHandler<Payload, Result> {
  checkThreadHandler(file, options)
  const threads = new Threads(hrefOf(file), options)
  const run = (job: Job<Payload>, context: HandlerContext) => threads.run(job, context) as Promise<Result>
  return Object.assign(run, {
    kill: (signal: AbortSignal) => threads.kill(signal),
    close: () => threads.close(),
  })
}

/** The threads of one handler file. */
class Threads {
  readonly #href: string
  readonly #options: ThreadOptions
  readonly #running = new Map<AbortSignal, Thread>()
  #idle: Thread[] = []

  constructor(href: string, options: ThreadOptions) {
    this.#href = href
    this.#options = options
  }

  async run(job: Job, context: HandlerContext): Promise<unknown> {
    const thread = this.#free() ?? new Thread(this.#href, this.#options)
    this.#running.set(context.signal, thread)
    try {
      return await thread.run(job, context)
    } finally {
      this.#running.delete(context.signal)
      if (!thread.isOver) this.#idle.push(thread)
    }
  }

  async kill(signal: AbortSignal): Promise<void> {
    await this.#running.get(signal)?.end()
  }

  async close(): Promise<void> {
    const ending = this.#idle.map((thread) => thread.end())
    this.#idle = []
    await Promise.all(ending)
  }

  #free(): Thread | undefined {
    this.#idle = this.#idle.filter(({ isOver }) => !isOver)
    return this.#idle.pop()
  }
}

/** @throws InterlockError `invalid_input` */
function hrefOf(file: string | URL): string {
  const url =
    typeof file !== 'string'
      ? file
      : file.startsWith('file:')
        ? new URL(file)
        : pathToFileURL(path.resolve(file))
  if (url.protocol === 'file:' && !existsSync(url))
    throw invalidInput(
      `file: there is no ${fileURLToPath(url)}; a path counts from the working directory: write new URL('./handler.js', import.meta.url) to name a file beside this module`,
      'file',
    )
  return url.href
}
