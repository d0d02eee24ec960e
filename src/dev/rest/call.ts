import type { Session } from '../database/database.ts'
import { callSql, chooseFunction, type Given, givenArguments } from './arguments.ts'
import type { Catalog, FunctionEntry } from './catalog.ts'
import { RestFailure } from './failure.ts'
import { readPlan } from './read.ts'
import type { Preferences, RestRequest } from './request.ts'
import { quoted, Values } from './sql.ts'
import { type Rows, runStatement, type Source } from './statement.ts'

/** A call of /rpc/<name>. */
export interface Call {
  readonly entry: FunctionEntry
  readonly given: Given
  /** As in PostgREST, only a VOLATILE function that is called by POST may write. */
  readonly mode: 'read only' | 'read write'
}

/** @throws RestFailure PGRST101, PGRST102, PGRST202, PGRST203 */
export function callOf(request: RestRequest, catalog: Catalog, schema: string, name: string): Call {
  if (!['GET', 'HEAD', 'POST', 'OPTIONS'].includes(request.method)) {
    throw new RestFailure(405, {
      code: 'PGRST101',
      message: `Cannot use the ${request.method} method on RPC`,
    })
  }
  const given = givenArguments(request)
  const entry = chooseFunction(catalog, schema, name, given)
  return { entry, given, mode: request.method === 'POST' && entry.isVolatile ? 'read write' : 'read only' }
}

export async function runCall(
  session: Session,
  { entry, given }: Call,
  request: RestRequest,
  prefer: Preferences,
): Promise<Rows> {
  const values = new Values()
  const { with: args, call } = callSql(entry, given, values)
  const name = quoted(entry.name)
  if (entry.returns !== 'composite') {
    const sql = `${args}select ${name} as value from ${call} as ${name}`
    return runStatement(session, paged({ sql, values, row: 't.value', count: prefer.count }, entry))
  }
  // In a GET the arguments are in the query string as well. Any other parameter there would count as a filter.
  const filtered = request.method === 'POST' ? request : { ...request, query: new URLSearchParams() }
  const plan = readPlan(filtered, name, values)
  const sql = `${args}select ${plan.columns} from ${call} as ${name}${plan.where}${plan.order}`
  const { offset, limit } = plan
  return runStatement(
    session,
    paged({ sql, values, row: 't', count: prefer.count, page: { offset, limit } }, entry),
  )
}

/** Only sets have pages. */
function paged(source: Source, { isSet }: FunctionEntry): Source {
  const { page, ...whole } = source
  return isSet ? { ...whole, page: page ?? { offset: 0, limit: null } } : whole
}
