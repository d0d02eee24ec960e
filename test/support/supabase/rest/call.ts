import type { Session } from '../database.ts'
import type { Argument, Catalog, FunctionEntry } from './catalog.ts'
import { leftOut, RestFailure } from './failure.ts'
import { objectIn, type RestRequest, refuseOthers, SCHEMA } from './request.ts'
import { quoted, Values } from './sql.ts'
import { pageOf, type RowsText, runStatement } from './statement.ts'

/** A call by POST of /rpc/<name>. */
export interface FunctionCall {
  readonly entry: FunctionEntry
  /** The names of the arguments. */
  readonly names: readonly string[]
  /** The arguments as they were sent. PostgreSQL parses them, so that no digit of a number is lost. */
  readonly json: string
  /** As in PostgREST, only a VOLATILE function may write. */
  readonly mode: 'read only' | 'read write'
  /** The setting of the function that counts before it is called. */
  readonly settings: Readonly<Record<string, string>>
}

/** @throws RestFailure PGRST102, PGRST202, 501 */
export function callOf(request: RestRequest, catalog: Catalog, name: string): FunctionCall {
  if (request.method !== 'POST') throw leftOut(`method ${request.method} for a call`)
  refuseOthers(request.query, [])
  const names = Object.keys(objectIn(request)).sort()
  const entry = chooseFunction(catalog, name, names)
  const mode = entry.isVolatile ? 'read write' : 'read only'
  const { statement_timeout } = entry.settings
  const settings = statement_timeout === undefined ? {} : { statement_timeout }
  return { entry, names, json: request.body || '{}', mode, settings }
}

/** Finds a function by the exact set of its argument names; those with a default may be missing. */
function chooseFunction(catalog: Catalog, name: string, names: readonly string[]): FunctionEntry {
  const namesakes = catalog.functions.filter((entry) => entry.name === name)
  const [chosen, another] = namesakes.filter((entry) => takes(entry, names))
  const full = `${SCHEMA}.${name}`
  if (another !== undefined)
    throw leftOut(`choice between functions ${full} whose arguments are called alike`)
  if (chosen !== undefined) return chosen
  if (namesakes.some(({ args }) => args.some((each) => each.name === '')))
    throw leftOut(`argument without a name, as a function ${full} has it`)
  throw notFound(full, names)
}

function notFound(full: string, names: readonly string[]): RestFailure {
  const list = names.join(', ')
  const [wanted, searched] =
    list === ''
      ? [`${full} without parameters`, 'without parameters']
      : [`${full}(${list})`, `with parameter${names.length === 1 ? '' : 's'} ${list}`]
  return new RestFailure(404, {
    code: 'PGRST202',
    message: `Could not find the function ${wanted} in the schema cache`,
    details: `Searched for the function ${full} ${searched} or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.`,
  })
}

function takes({ args }: FunctionEntry, names: readonly string[]): boolean {
  const known = new Set(args.map(({ name }) => name))
  return (
    names.every((name) => known.has(name)) &&
    args.every(({ name, optional }) => name !== '' && (optional || names.includes(name)))
  )
}

export function runCall(session: Session, call: FunctionCall): Promise<RowsText> {
  const { entry } = call
  const values = new Values()
  const name = quoted(entry.name)
  const [row, columns] =
    entry.returns === 'composite' ? (['t', `${name}.*`] as const) : (['t.value', `${name} as value`] as const)
  const sql = callSql(call, `select ${columns} from`, values)
  // Only sets have pages.
  return runStatement(session, { sql, values, row, ...(entry.isSet ? { limit: pageOf() } : {}) })
}

/** Reads the arguments from one JSON value, with the types that the function has. */
function callSql({ entry, names, json }: FunctionCall, select: string, values: Values): string {
  const name = quoted(entry.name)
  const target = `${quoted(SCHEMA)}.${name}`
  const used = entry.args.filter((arg) => names.includes(arg.name))
  if (used.length === 0) return `${select} ${target}() as ${name}`
  const record = used.map((arg) => `${quoted(arg.name)} ${arg.type}`).join(', ')
  return `with args as (select * from json_to_record(${values.add(json)}::json) as _ (${record}))
    ${select} ${target}(${used.map(argumentSql).join(', ')}) as ${name}`
}

const argumentSql = ({ name, variadic }: Argument): string =>
  `${variadic ? 'variadic ' : ''}${quoted(name)} => (select ${quoted(name)} from args)`
