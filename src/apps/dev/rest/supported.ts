import { leftOut } from './failure.ts'

/**
 * What this server carries out of that which PostgREST lets a request ask for. Everything else that PostgREST knows is refused by
 * its name, before anything is done.
 */

/** Stands for every parameter that is the name of a column. */
const FILTERS = Symbol('filters')

const parameters = {
  'a read': ['select', 'order', 'limit', 'offset', FILTERS],
  'an insert': ['select', 'columns', 'on_conflict'],
  'an update': ['select', 'columns', FILTERS],
  'a delete': ['select', FILTERS],
  'a call that returns rows': ['select', 'order', 'limit', 'offset', FILTERS],
  'a call that returns values': ['limit', 'offset'],
} as const satisfies Readonly<Record<string, readonly (string | symbol)[]>>

/** Parameters of a URL that are not filters. */
const reserved: ReadonlySet<string> = new Set([
  ...['select', 'order', 'limit', 'offset'],
  ...['columns', 'on_conflict'],
])

export const isReserved = (parameter: string): boolean => reserved.has(parameter)

/** @throws RestFailure 501 for a parameter that such a request does not have here */
export function refuseOtherParameters(request: keyof typeof parameters, query: URLSearchParams): void {
  const supported: readonly (string | symbol)[] = parameters[request]
  const other = [...query.keys()].find((name) => !supported.includes(isReserved(name) ? name : FILTERS))
  if (other !== undefined) throw leftOut(`parameter "${other}" of ${request}`)
}

/** Values of `Prefer`. A planned or estimated count may be wrong, so the exact one serves for them too. */
const preferences: Readonly<Record<string, readonly string[]>> = {
  return: ['minimal', 'representation'],
  count: ['exact', 'planned', 'estimated'],
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  missing: ['null'],
  handling: ['strict', 'lenient'],
  // A project of Supabase follows neither of these two, whatever their value.
  tx: ['commit', 'rollback'],
  params: ['single-object'],
}

/** @throws RestFailure 501 for a preference that PostgREST would follow and this server does not */
export function refuseOtherPreference(name: string, value: string): void {
  if (preferences[name]?.includes(value)) return
  throw leftOut(`"Prefer: ${name}=${value}"`)
}

/** Settings of a function that PostgREST sets for the whole transaction; here only the first one. */
const ofTransaction = [
  'statement_timeout',
  'default_transaction_isolation',
  'plan_filter.statement_cost_limit',
]

/**
 * The settings of a function that count before it is called. PostgreSQL itself follows all others.
 *
 * @throws RestFailure 501
 */
export function settingsOfCall(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [supported = '', ...others] = ofTransaction
  const other = others.find((name) => Object.hasOwn(settings, name))
  if (other !== undefined) throw leftOut(`setting "${other}" of a function`)
  const value = settings[supported]
  return value === undefined ? {} : { [supported]: value }
}
