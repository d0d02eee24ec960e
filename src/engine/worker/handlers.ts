import { type InterlockError, invalidInput } from '../core/index.ts'
import { checkHandler } from '../events/index.ts'
import type { AnyHandler, HandlerDefinition, HandlersFor } from './api.ts'

const ANY_KIND = '*'

/** The handlers of one worker. */
export interface HandlerSet {
  /** Kinds to claim; null for every kind. */
  readonly kinds: readonly string[] | null
  of(kind: string): HandlerDefinition | undefined
}

/** @throws InterlockError `invalid_input` if there is no handler, or one is not valid */
export function handlersOf(given: Readonly<Record<string, AnyHandler>>): HandlerSet {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const entries = isObject ? Object.entries(given) : []
  if (entries.length === 0) {
    throw invalid('handlers', 'must have a function for at least one kind of job, or for "*"')
  }
  const byKind = new Map(entries.map(([kind, handler]) => [kind, definitionOf(kind, handler)]))
  return {
    kinds: byKind.has(ANY_KIND) ? null : [...byKind.keys()],
    of: (kind) => byKind.get(kind) ?? byKind.get(ANY_KIND),
  }
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
export function defineHandlers<Made extends Readonly<Record<string, unknown>>>(
  handlers: HandlersFor<Made>,
): HandlersFor<Made> {
  return handlers
}
