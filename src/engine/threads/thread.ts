import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads'
import type { TransactionRow } from '../transaction/index.ts'
import { RetryLater, ThreadEnded } from '../worker/errors.ts'
import { type HandlerContext, type Job, NonRetryableError } from '../worker/index.ts'
import {
  type ContextCall,
  type FromThread,
  type GivenStatement,
  type SentError,
  sent,
  serve,
  type ToThread,
  unclonable,
} from './boot.ts'

export interface ThreadOptions {
  /**
   * The limits of each thread, as Node.js has them: `maxOldGenerationSizeMb`, `maxYoungGenerationSizeMb`, `codeRangeSizeMb`, `stackSizeMb`.
   * An attempt that reaches the first of them fails as `out_of_memory`.
   * @defaultValue those of the process
   */
  readonly resourceLimits?: ResourceLimits
}

const program = `(${serve})(process.getBuiltinModule('node:worker_threads'), (href) => import(href), { sent: ${sent}, unclonable: ${unclonable} })`

/** A thread of one handler file. It runs one job at a time, so that what ends it ends nothing else. */
export class Thread {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  /** Those of the attempt that have no answer yet, by their numbers. */
  readonly #statements = new Map<number, PromiseWithResolvers<readonly TransactionRow[]>>()
  #count = 0
  #fail: (reason: unknown) => void = () => {}
  /** It has ended, or is of no use any more. */
  isOver = false

  constructor(href: string, { resourceLimits = {} }: ThreadOptions) {
    this.#worker = new Worker(program, { eval: true, workerData: href, resourceLimits })
    let uncaught: unknown
    this.#worker.on('error', (error) => {
      uncaught = error
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.isOver = true
        this.#fail(whyEnded(code, uncaught))
        resolve()
      })
    })
    this.#worker.unref()
  }

  /**
   * Runs the handler with this job.
   * @throws what the handler throws; {@link ThreadEnded} if the thread ends first
   */
  async run(job: Job, context: HandlerContext): Promise<unknown> {
    const { port1: port, port2 } = new MessageChannel()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const take = (message: FromThread) => {
      if ('call' in message) return void this.#answer(message, port, context)
      if ('result' in message) return resolve(message.result)
      if ('rows' in message) return this.#statements.get(message.statement)?.resolve(message.rows)
      if ('refused' in message)
        return this.#statements.get(message.statement)?.reject(rebuilt(message.refused))
      this.isOver ||= !message.isLoaded
      reject(rebuilt(message.error))
    }
    const stop = () => tell(port, { stop: sent(context.signal.reason) })
    this.#fail = (reason) => {
      // What the thread said before it ended counts.
      for (let said = receiveMessageOnPort(port); said; said = receiveMessageOnPort(port)) take(said.message)
      reject(reason)
    }
    port.on('message', take)
    context.signal.addEventListener('abort', stop, { once: true })
    this.#worker.ref()
    try {
      const { fence, fencingToken, epoch } = context
      this.#give({ job, lease: { fence, fencingToken, epoch }, port: port2 })
      return await promise
    } finally {
      this.#worker.unref()
      this.#fail = () => {}
      context.signal.removeEventListener('abort', stop)
      port.close()
      if (this.isOver) await this.end()
    }
  }

  /** Ends it, whatever it does. Resolves when nothing of it runs any more. */
  async end(): Promise<void> {
    this.isOver = true
    await this.#worker.terminate()
    await this.#exited
  }

  #give(given: { readonly job: Job; readonly port: MessagePort; readonly lease: object }): void {
    try {
      this.#worker.postMessage(given, [given.port])
    } catch (error) {
      throw new NonRetryableError(unclonable(given.job.payload, 'payload') ?? String(error))
    }
  }

  async #answer(
    { call, name, value }: ContextCall,
    port: MessagePort,
    context: HandlerContext,
  ): Promise<void> {
    try {
      // The types of what the handler gives are checked where it is used.
      const said =
        name === 'completeIn'
          ? await context.completeIn((text, values) => this.#run(port, { of: call, text, values }), value)
          : await context[name](value as never)
      tell(port, { answer: call, value: said })
    } catch (error) {
      tell(port, { answer: call, error: sent(error) })
    }
  }

  /** Runs a statement in the transaction that the handler has open in the thread. */
  #run(port: MessagePort, given: Omit<GivenStatement, 'statement'>): Promise<readonly TransactionRow[]> {
    const answer = Promise.withResolvers<readonly TransactionRow[]>()
    const statement = ++this.#count
    this.#statements.set(statement, answer)
    tell(port, { ...given, statement })
    return answer.promise.finally(() => this.#statements.delete(statement))
  }
}

const tell = (port: MessagePort, message: ToThread): void => port.postMessage(message)

/** The error that a handler threw in its thread. */
function rebuilt({ message, stack, names, fields, cause }: SentError): Error {
  if (names.includes('RetryLater'))
    return new RetryLater(
      fields as unknown as ConstructorParameters<typeof RetryLater>[0],
      cause === undefined ? {} : { cause: rebuilt(cause) },
    )
  const error = names.includes('NonRetryableError') ? new NonRetryableError(message) : new Error(message)
  Object.assign(error, fields)
  const hidden = { name: names[0], stack, ...(cause === undefined ? {} : { cause: rebuilt(cause) }) }
  for (const [key, value] of Object.entries(hidden))
    Object.defineProperty(error, key, { value, configurable: true, writable: true })
  return error
}

function whyEnded(code: number, uncaught: unknown): unknown {
  if ((uncaught as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new ThreadEnded(
      'out_of_memory',
      'the handler reached the memory limit of its thread; load less at once, or raise resourceLimits.maxOldGenerationSizeMb',
    )
  if (uncaught !== undefined) return uncaught
  return new ThreadEnded(
    'thread_exited',
    `the thread of the handler ended with exit code ${code}; a handler returns or throws, and leaves process.exit alone`,
  )
}
