import { invalidInput, type Started } from '../core/index.ts'
import { checkBatchHandler } from '../events/index.ts'
import type {
  BatchCall,
  BatchContext,
  BatchHandler,
  BatchRun,
  HandlerContext,
  HandlerDefinition,
  Job,
} from './api.ts'
import { LeftOutError } from './errors.ts'
import { owned } from './uncaught.ts'

/**
 * A handler that takes several jobs of its kind at once, all with the same models: as many as may start now, up to `size`. It never waits
 * for more to come. Together they hold their models once and take one slot, until the last of them has ended.
 * @param options `size`: how many jobs at most, 1 to 1,000
 * @throws InterlockError `invalid_input`
 * @example
 * createJobWorker({
 *   coordinator,
 *   handlers: {
 *     caption: inBatch({ size: 8 }, async (jobs, { signal }) => {
 *       const captions = await model.run(jobs.map(({ payload }) => payload), { signal })
 *       return new Map(jobs.map(({ jobId }, i) => [jobId, captions[i]]))
 *     }),
 *   },
 * })
 */
export function inBatch<Payload = unknown, Result = unknown>(
  options: { readonly size: number },
  run: BatchRun<Payload, Result>,
): BatchHandler<Payload, Result> {
  checkBatchHandler(options, run)
  const together = (count: number) => new OneCall(run as BatchRun, count)
  const alone = (job: Job<Payload>, context: HandlerContext) =>
    together(1).join(job, context) as Promise<Result>
  return Object.assign(alone, { batchSize: options.size, together })
}

export const isBatchHandler = (run: unknown): run is BatchHandler =>
  typeof run === 'function' && 'batchSize' in run

interface CalledJob {
  readonly job: Job
  readonly context: HandlerContext
  readonly answer: PromiseWithResolvers<unknown>
}

class OneCall implements BatchCall {
  readonly #run: BatchRun
  readonly #jobs: CalledJob[] = []
  #awaited: number

  constructor(run: BatchRun, count: number) {
    this.#run = run
    this.#awaited = count
  }

  join(job: Job, context: HandlerContext): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>()
    this.#jobs.push({ job, context, answer })
    this.miss()
    return answer.promise
  }

  miss(): void {
    if (--this.#awaited > 0 || this.#jobs.length === 0) return
    // What nothing in it catches concerns all of them.
    void owned({ failUncaught: (error) => this.#failAll(error) }, () => this.#call())
  }

  async #call(): Promise<void> {
    const jobs = this.#jobs.map(({ job }) => job)
    try {
      const results: unknown = await this.#run(jobs, contextOf(this.#jobs))
      if (!(results instanceof Map))
        throw new TypeError('a handler of several jobs (inBatch) must return a Map of results by job id')
      for (const { job, answer } of this.#jobs) settle(answer, resultIn(results, job))
    } catch (error) {
      this.#failAll(error)
    }
  }

  #failAll(error: unknown): void {
    for (const { answer } of this.#jobs) answer.reject(error)
  }
}

function settle({ resolve, reject }: PromiseWithResolvers<unknown>, result: unknown): void {
  if (result instanceof Error) reject(result)
  else resolve(result)
}

const resultIn = (results: ReadonlyMap<unknown, unknown>, { jobId }: Job): unknown =>
  results.has(jobId) ? results.get(jobId) : new LeftOutError(jobId)

function contextOf(members: readonly CalledJob[]): BatchContext {
  return {
    signal: whenAll(members.map(({ context }) => context.signal)),
    of: ({ jobId }) => {
      const member = members.find(({ job }) => job.jobId === jobId)
      if (member === undefined) throw invalidInput(`job: ${jobId} is not one of this call`, 'job')
      return member.context
    },
  }
}

/** Fires with the last of them, for its reason. */
function whenAll(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController()
  let left = signals.length
  const note = ({ reason }: AbortSignal) => {
    if (--left === 0) all.abort(reason)
  }
  for (const signal of signals) {
    if (signal.aborted) note(signal)
    else signal.addEventListener('abort', () => note(signal), { once: true })
  }
  return all.signal
}

/** What the attempts of one batch have in common in their worker: a call of the handler, and a slot. */
export class Batch {
  readonly #definition: HandlerDefinition
  readonly #call: BatchCall | undefined
  #left: number

  /** @param count how many attempts there are */
  constructor(definition: HandlerDefinition, count: number) {
    this.#definition = definition
    this.#left = count
    if (isBatchHandler(definition.run)) this.#call = definition.run.together(count)
  }

  /** The handler for one of them, and what to call when its attempt is over. */
  enter(): { readonly definition: HandlerDefinition; readonly over: () => void } {
    const [call, definition] = [this.#call, this.#definition]
    if (call === undefined) return { definition, over: () => {} }
    let isAwaited = true
    const run = (job: Job, context: HandlerContext) => {
      isAwaited = false
      return call.join(job, context)
    }
    const over = () => {
      if (isAwaited) call.miss()
    }
    return { definition: { ...definition, run } as HandlerDefinition, over }
  }

  /** One of them has ended. @returns how many slots come free: 1 with the last */
  leave(): 0 | 1 {
    return --this.#left === 0 ? 1 : 0
  }
}

/** The batches among what was started, by their numbers. */
export function batchesAmong(
  started: readonly Started[],
  definitionOf: (kind: string) => HandlerDefinition | undefined,
): ReadonlyMap<number | undefined, Batch> {
  const counts = new Map<number, number>()
  for (const { batch } of started) if (batch !== undefined) counts.set(batch, (counts.get(batch) ?? 0) + 1)
  const batches = new Map<number, Batch>()
  for (const { batch, spec } of counts.size === 0 ? [] : started) {
    const definition = definitionOf(spec.kind)
    if (batch !== undefined && definition !== undefined && !batches.has(batch))
      batches.set(batch, new Batch(definition, counts.get(batch) ?? 1))
  }
  return batches
}
