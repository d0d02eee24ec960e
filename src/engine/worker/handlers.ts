import { type BatchSize, type InterlockError, invalidInput } from '../core/index.ts'
import { checkHandler, type EnqueueInput } from '../events/index.ts'
import type {
  AnyHandler,
  AnyJob,
  HandlerDefinition,
  HandlersFor,
  ModelsFor,
  ModelsIn,
  ThreadHandler,
} from './api.ts'
import { isBatchHandler } from './batch.ts'

const ANY_KIND = '*'

/** The handlers of one worker. */
export interface HandlerSet {
  /** Kinds to claim; null for every kind. */
  readonly kinds: readonly string[] | null
  /** Kinds of which several jobs are taken at once; undefined: none. */
  readonly batches: readonly BatchSize[] | undefined
  of(kind: string): HandlerDefinition | undefined
  /** The same jobs; one that names no models gets those of its kind. */
  named(jobs: readonly AnyJob[]): readonly EnqueueInput[]
  /** Ends what handlers keep for the next job: threads. */
  close(): Promise<void>
}

/** @throws InterlockError `invalid_input` if there is no handler, or one is not valid */
export function handlersOf(given: Readonly<Record<string, AnyHandler>>): HandlerSet {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const entries = isObject ? Object.entries(given) : []
  if (entries.length === 0) {
    throw invalid('handlers', 'must have a function for at least one kind of job, or for "*"')
  }
  const byKind = new Map(entries.map(([kind, handler]) => [kind, definitionOf(kind, handler)]))
  const of = (kind: string) => byKind.get(kind) ?? byKind.get(ANY_KIND)
  return {
    kinds: byKind.has(ANY_KIND) ? null : [...byKind.keys()],
    batches: batchSizes(byKind),
    of,
    // What is no list of jobs is refused where jobs are read.
    named: (jobs) =>
      (Array.isArray(jobs)
        ? Array.from(jobs, (job) => withModels(job, of))
        : jobs) as readonly EnqueueInput[],
    close: async () => {
      await Promise.all([...byKind.values()].map(({ run }) => (run as Partial<ThreadHandler>).close?.()))
    },
  }
}

/** What `*` takes at once must not be taken for what a kind with a handler of its own does. */
function batchSizes(byKind: ReadonlyMap<string, HandlerDefinition>): readonly BatchSize[] | undefined {
  const sizes = [...byKind].map(([kind, { run }]) => ({
    kind,
    size: isBatchHandler(run) ? run.batchSize : 1,
  }))
  return sizes.every(({ size }) => size === 1) ? undefined : sizes
}

function withModels(job: AnyJob, of: HandlerSet['of']): AnyJob {
  if (typeof job !== 'object' || job === null || job.models !== undefined) return job
  const models = of(job.kind ?? job.jobType ?? 'normal')?.models
  return models === undefined ? job : { ...job, models }
}

function definitionOf(kind: string, handler: AnyHandler): HandlerDefinition {
  const path = `handlers[${JSON.stringify(kind)}]`
  if (typeof handler === 'function') return { run: handler }
  if (typeof handler?.run !== 'function')
    throw invalid(path, 'must be a function, or an object with a function `run`')
  checkHandler(handler, path)
  return handler as HandlerDefinition
}

function invalid(path: string, what: string): InterlockError {
  return invalidInput(`${path}: ${what}`, path)
}

/**
 * Returns the handlers unchanged, for a file of `interlock work`: each `run` knows the payload that its `schema` makes.
 * @example
 * export default defineHandlers({
 *   resize: { schema: z.object({ width: z.number() }), run: (job) => resize(job.payload.width) },
 * })
 */
export function defineHandlers<
  Made extends Readonly<Record<string, unknown>>,
  Named extends Readonly<Record<string, unknown>> = Record<never, never>,
>(handlers: HandlersFor<Made> & ModelsFor<Named>): HandlersFor<Made> & ModelsIn<Named> {
  return handlers as HandlersFor<Made> & ModelsIn<Named>
}
