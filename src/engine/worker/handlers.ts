import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type BatchSize, type InterlockError, invalidInput } from '../core/index.ts'
import {
  type AnyKinds,
  checkHandler,
  type EnqueueInput,
  type JobsIn,
  type KnownKinds,
  type QueueContract,
} from '../events/index.ts'
import type { AnyHandler, HandlerDefinition, Handlers, HandlersFor, ThreadHandler } from './api.ts'
import { isBatchHandler } from './batch.ts'

const ANY_KIND = '*'

/** A handler with what its contract says of its kind. */
export type WorkDefinition = Pick<HandlerDefinition, 'models' | 'retry' | 'run'> & {
  readonly schema?: StandardSchemaV1 | undefined
  readonly result?: StandardSchemaV1 | undefined
}

/** The handlers of one worker. */
export interface HandlerSet {
  /** Kinds to claim; null for every kind. */
  readonly kinds: readonly string[] | null
  /** Kinds of which several jobs are taken at once; undefined: none. */
  readonly batches: readonly BatchSize[] | undefined
  of(kind: string): WorkDefinition | undefined
  /** The same jobs; one that names no models gets those of its kind. */
  named(jobs: unknown): JobsIn<AnyKinds>
  /** Ends what handlers keep for the next job: threads. */
  close(): Promise<void>
}

/**
 * @param contract whose schemas count where a handler has none of its own
 * @throws InterlockError `invalid_input` if there is no handler, or one is not valid
 */
export function handlersOf(
  given: Readonly<Record<string, AnyHandler>>,
  contract: KnownKinds | undefined,
): HandlerSet {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const entries = isObject ? Object.entries(given).filter(([, handler]) => handler !== undefined) : []
  if (entries.length === 0) {
    throw invalid('handlers', 'must have a function for at least one kind of job, or for "*"')
  }
  const byKind = new Map(entries.map(([kind, handler]) => [kind, definitionOf(kind, handler)]))
  const known = new Map<string, WorkDefinition | undefined>()
  const of = (kind: string) => {
    if (!known.has(kind))
      known.set(kind, withSchemas(byKind.get(kind) ?? byKind.get(ANY_KIND), kind, contract))
    return known.get(kind)
  }
  return {
    kinds: byKind.has(ANY_KIND) ? null : [...byKind.keys()],
    batches: batchSizes(byKind),
    of,
    // What is no job is refused where jobs are read.
    named: (jobs) =>
      Array.isArray(jobs)
        ? Array.from(jobs, (job) => withModels(job, of))
        : withModels(jobs as EnqueueInput, of),
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

function withSchemas(
  definition: HandlerDefinition | undefined,
  kind: string,
  contract: KnownKinds | undefined,
): WorkDefinition | undefined {
  const schemas = contract?.schemas
  const own = schemas !== undefined && Object.hasOwn(schemas, kind) ? schemas[kind] : undefined
  if (definition === undefined || own === undefined) return definition
  const { payload, result, models } = own
  const { schema = payload } = definition
  return { ...definition, schema, models: definition.models ?? models, result }
}

function withModels(job: EnqueueInput, of: HandlerSet['of']): EnqueueInput {
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
 * Returns the handlers unchanged, for a file of `interlock work`: each `run` knows the payload that its `schema` makes, or with a contract that
 * of its kind.
 * @example
 * export default defineHandlers({
 *   resize: { schema: z.object({ width: z.number() }), run: (job) => resize(job.payload.width) },
 * })
 */
export function defineHandlers<Made extends Readonly<Record<string, unknown>>>(
  handlers: HandlersFor<undefined, Made>,
): HandlersFor<undefined, Made>
export function defineHandlers<Kinds>(
  contract: QueueContract<Kinds>,
  handlers: Handlers<Kinds>,
): Handlers<Kinds>
export function defineHandlers(first: object, second?: object): object {
  return second ?? first
}
