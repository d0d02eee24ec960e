import type { Session } from '../database/database.ts'
import { callSql, chooseFunction, type Given, givenArguments } from './arguments.ts'
import type { Catalog, FunctionEntry } from './catalog.ts'
import { leftOut, RestFailure } from './failure.ts'
import { rangeOf, readPlan } from './read.ts'
import type { Preferences, RestRequest } from './request.ts'
import { quoted, Values } from './sql.ts'
import { type Rows, runStatement, type Source } from './statement.ts'
import { isReserved, refuseOtherParameters, settingsOfCall } from './supported.ts'

/** A call of /rpc/<name>. */
export interface Call {
  readonly entry: FunctionEntry
  readonly given: Given
  /** As in PostgREST, only a VOLATILE function that is called by POST may write. */
  readonly mode: 'read only' | 'read write'
  /** Settings of the function that count before it is called. */
  readonly settings: Readonly<Record<string, string>>
}

/** @throws RestFailure PGRST101, PGRST102, PGRST202, PGRST203, 501 */
export function callOf(request: RestRequest, catalog: Catalog, schema: string, name: string): Call {
  if (!['GET', 'HEAD', 'POST', 'OPTIONS'].includes(request.method)) {
    throw new RestFailure(405, {
      code: 'PGRST101',
      message: `Cannot use the ${request.method} method on RPC`,
    })
  }
  const given = givenArguments(request)
  const entry = chooseFunction(catalog, schema, name, given)
  const returned = entry.returns === 'composite' ? 'a call that returns rows' : 'a call that returns values'
  refuseOtherParameters(returned, optionsOf(request))
  const mode = request.method === 'POST' && entry.isVolatile ? 'read write' : 'read only'
  return { entry, given, mode, settings: settingsOfCall(entry.settings) }
}

export async function runCall(
  session: Session,
  { entry, given }: Call,
  asked: RestRequest,
  prefer: Preferences,
): Promise<Rows> {
  const request = { ...asked, query: optionsOf(asked) }
  const values = new Values()
  const { with: args, call } = callSql(entry, given, values)
  const name = quoted(entry.name)
  if (entry.returns !== 'composite') {
    const sql = `${args}select ${name} as value from ${call} as ${name}`
    return runStatement(
      session,
      paged({ sql, values, row: 't.value', count: prefer.count, page: rangeOf(request) }, entry),
    )
  }
  const plan = readPlan(request, name, values)
  const sql = `${args}select ${plan.columns} from ${call} as ${name}${plan.where}${plan.order}`
  const { offset, limit } = plan
  return runStatement(
    session,
    paged({ sql, values, row: 't', count: prefer.count, page: { offset, limit } }, entry),
  )
}

/** In a GET all parameters are arguments, except those that PostgREST reserves. */
function optionsOf({ method, query }: RestRequest): URLSearchParams {
  return method === 'POST' ? query : new URLSearchParams([...query].filter(([name]) => isReserved(name)))
}

/** Only sets have pages. @throws RestFailure 501 if a part without the one value is asked for */
function paged(source: Source & Required<Pick<Source, 'page'>>, { isSet }: FunctionEntry): Source {
  if (isSet) return source
  const { page, ...whole } = source
  if (page.offset > 0) throw leftOut('parameter "offset" of a call that returns one value')
  if (page.limit === 0) throw leftOut('parameter "limit" below 1 of a call that returns one value')
  return whole
}
