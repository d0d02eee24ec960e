/**
 * What runs in the thread. The thread is made from the text of these functions, so that no bundler has to know of a further file of this
 * package. Each of them therefore uses only itself, what it is given, and what every thread has. Functions in them are
 * methods, or arguments: a bundler that keeps names calls a function of its own around any other.
 */
import type { MessagePort } from 'node:worker_threads'
import type { TransactionRow, TransactionSql } from '../transaction/index.ts'
import type { HandlerContext, Job } from '../worker/index.ts'

/** An error on its way between threads: as itself it would lose its name and its fields. */
export interface SentError {
  readonly message: string
  readonly stack?: string | undefined
  /** The names of its classes, its own first. */
  readonly names: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
  readonly cause?: SentError | undefined
}

/** A job on its way into the thread. */
export interface GivenJob {
  readonly job: Job
  readonly lease: Pick<HandlerContext, 'fence' | 'fencingToken' | 'epoch'>
  /** For as long as the job runs: calls and the result come out by it, answers and the signal go in. */
  readonly port: MessagePort
}

/** A call of the handler's context. */
export interface ContextCall {
  readonly call: number
  readonly name:
    | ('heartbeat' | 'progress' | 'checkpoint' | 'completeIn')
    | ('parents' | 'add' | 'detach' | 'done' | 'used')
  readonly value: unknown
}

/** A statement for the transaction that the thread has open. */
export interface GivenStatement {
  /** The call of `completeIn` that it belongs to. */
  readonly of: number
  readonly statement: number
  readonly text: string
  readonly values: readonly (string | null)[]
}

export type FromThread =
  | ContextCall
  | { readonly statement: number; readonly rows: readonly TransactionRow[] }
  | { readonly statement: number; readonly refused: SentError }
  | { readonly result: unknown }
  /** `isLoaded`: false if the file itself could not be loaded. */
  | { readonly error: SentError; readonly isLoaded: boolean }

export type ToThread =
  | GivenStatement
  | { readonly answer: number; readonly value?: unknown; readonly error?: SentError }
  | { readonly stop: SentError }

/** Runs the jobs that the thread is given, one after the other, by the function that the file exports. */
export function serve(
  { parentPort, workerData }: Pick<typeof import('node:worker_threads'), 'parentPort' | 'workerData'>,
  load: (href: string) => Promise<{ readonly default?: unknown }>,
  own: { readonly sent: typeof sent; readonly unclonable: typeof unclonable },
): void {
  let isLoaded = false
  const loading = load(workerData).then(({ default: exported }) => {
    // What CommonJS exports comes as the default.
    const handler =
      typeof exported === 'function' ? exported : (exported as { default?: unknown } | undefined)?.default
    if (typeof handler !== 'function')
      throw new Error(
        `${workerData}: its default export is no function; write: export default async (job, context) => { … }`,
      )
    isLoaded = true
    return handler as (job: Job, context: HandlerContext) => unknown
  })
  loading.catch(() => {})

  parentPort?.on('message', async ({ job, lease, port }: GivenJob) => {
    const controller = new AbortController()
    const asked = new Map<number, PromiseWithResolvers<never>>()
    const transactions = new Map<number, TransactionSql>()
    let count = 0
    let isOver = false

    const attempt = {
      post(message: FromThread, what: string, value: unknown, name: string): void {
        try {
          port.postMessage(message)
        } catch (error) {
          const why = own.unclonable(value, what)
          if (why === undefined) throw error
          throw Object.assign(new Error(why), { name, code: 'invalid_input' })
        }
      },
      async call(name: ContextCall['name'], value: unknown, sql?: TransactionSql): Promise<never> {
        if (isOver)
          throw new Error(`${name}() was called when the attempt of job ${job.jobId} was over; await it`)
        const answer = Promise.withResolvers<never>()
        attempt.post({ call: ++count, name, value }, name, value, 'InterlockError')
        asked.set(count, answer)
        if (sql !== undefined) transactions.set(count, sql)
        return answer.promise
      },
      async run({ of, statement, text, values }: GivenStatement): Promise<void> {
        try {
          const rows = transactions.get(of)?.(text, values)
          port.postMessage({ statement, rows: rows === undefined ? [] : await Promise.resolve(rows) })
        } catch (error) {
          port.postMessage({ statement, refused: own.sent(error) })
        }
      },
      received({ message, names, fields }: SentError): Error {
        return Object.assign(new Error(message), { name: names[0] }, fields)
      },
    }

    port.on('message', (message: ToThread) => {
      if ('stop' in message) return controller.abort(attempt.received(message.stop))
      if ('statement' in message) return void attempt.run(message)
      const answer = asked.get(message.answer)
      if (message.error === undefined) answer?.resolve(message.value as never)
      else answer?.reject(attempt.received(message.error))
    })

    try {
      const handler = await loading
      // What is refused of these fails the attempt.
      const reported: Promise<never>[] = []
      const result = await handler(job, {
        ...lease,
        signal: controller.signal,
        heartbeat() {
          return attempt.call('heartbeat', undefined)
        },
        progress(value) {
          return attempt.call('progress', value)
        },
        checkpoint(value) {
          return attempt.call('checkpoint', value)
        },
        completeIn(sql, value) {
          return attempt.call('completeIn', value, sql).then(() => value)
        },
        parents(options) {
          return attempt.call('parents', options)
        },
        add(jobs) {
          return attempt.call('add', jobs)
        },
        used(value) {
          const said = attempt.call('used', value)
          // Asked at the end: until then it is no rejection that nobody handles.
          said.catch(() => {})
          reported.push(said)
        },
        detach(value) {
          return attempt.call('detach', value)
        },
        done(model) {
          return attempt.call('done', model)
        },
      })
      await Promise.all(reported)
      // The work is done, and doing it again would give the same.
      attempt.post({ result }, 'result', result, 'NonRetryableError')
    } catch (error) {
      port.postMessage({ error: own.sent(error), isLoaded })
    } finally {
      isOver = true
    }
  })
}

/** An error as it goes to the other thread; something else that was thrown goes as its text. */
export function sent(thrown: unknown, depth = 0): SentError {
  if (!(thrown instanceof Error)) {
    const { message = typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown) } = Object(thrown)
    return { message: String(message), names: ['Error'], fields: {} }
  }
  const names = [thrown.name]
  for (let at = Object.getPrototypeOf(thrown); at !== null; at = Object.getPrototypeOf(at))
    names.push(at.constructor.name)
  const fields: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(thrown)) {
    try {
      if (key !== 'name' && key !== 'cause') fields[key] = structuredClone(value)
    } catch {
      // A field that cannot be sent is left out.
    }
  }
  const { message, stack, cause } = thrown
  return {
    message,
    stack,
    names,
    fields,
    cause: depth < 5 && cause != null ? sent(cause, depth + 1) : undefined,
  }
}

/** Where in a value something is that cannot go to another thread, and what it is; undefined if all of it can. */
export function unclonable(value: unknown, path: string, seen = new Set<unknown>()): string | undefined {
  try {
    structuredClone(value)
    return undefined
  } catch {
    if (seen.has(value)) return undefined
    seen.add(value)
    for (const [key, item] of typeof value === 'object' && value !== null ? Object.entries(value) : []) {
      const found = unclonable(item, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, seen)
      if (found !== undefined) return found
    }
    const type = typeof value === 'object' ? (value?.constructor?.name ?? 'object') : typeof value
    return `${path}: is of type ${type}, which cannot go to another thread; leave it out, or give what it stands for as JSON`
  }
}
