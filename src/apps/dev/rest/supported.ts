import { leftOut } from './failure.ts'

/** What a request may ask for here. Everything else is refused by its name, before anything is done. */

/** Stands for every parameter that is the name of a column. */
const FILTERS = Symbol('filters')

const parameters = {
  'a read': ['select', 'order', 'limit', 'offset', FILTERS],
  'an insert': ['select', 'columns'],
  'an update': ['select', FILTERS],
  'a delete': ['select', FILTERS],
  'a call': [],
} as const satisfies Readonly<Record<string, readonly (string | symbol)[]>>

/** Parameters of a URL that are not filters. */
const reserved: ReadonlySet<string> = new Set([
  ...['select', 'order', 'limit', 'offset'],
  ...['columns', 'on_conflict'],
])

export const isReserved = (parameter: string): boolean => reserved.has(parameter)

/** @throws RestFailure 501 for a parameter that such a request does not have here, or has twice */
export function refuseOtherParameters(request: keyof typeof parameters, query: URLSearchParams): void {
  const supported: readonly (string | symbol)[] = parameters[request]
  for (const name of query.keys()) {
    if (!supported.includes(isReserved(name) ? name : FILTERS))
      throw leftOut(`parameter "${name}" of ${request}`)
    if (isReserved(name) && query.getAll(name).length > 1)
      throw leftOut(`parameter "${name}" that is given more than once`)
  }
}

/** Values of `Prefer`. A planned or estimated count may be wrong, so the exact one serves for them too. */
const preferences: ReadonlyMap<string, readonly string[]> = new Map([
  ['return', ['minimal', 'representation']],
  ['count', ['exact', 'planned', 'estimated']],
])

/** @throws RestFailure 501 that names all other preferences */
export function refuseOtherPreferences(given: ReadonlyMap<string, string>): void {
  const others = [...given].filter(([name, value]) => preferences.get(name)?.includes(value) !== true)
  if (others.length === 0) return
  throw leftOut(`"Prefer: ${others.map((pair) => pair.join('=')).join(', ')}"`)
}

/** A function's settings that PostgREST makes for the whole transaction; here only the first one. PostgreSQL follows all others. */
const [supported, ...unsupported] = [
  'statement_timeout',
  'default_transaction_isolation',
  'plan_filter.statement_cost_limit',
]

/** The settings of a function that count before it is called. @throws RestFailure 501 */
export function settingsOfCall(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const other = unsupported.find((name) => Object.hasOwn(settings, name))
  if (other !== undefined) throw leftOut(`setting "${other}" of a function`)
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name === supported))
}
