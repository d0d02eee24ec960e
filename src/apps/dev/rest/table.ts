import type { Session } from '../database/database.ts'
import { type AnswerContext, emptyAnswer, rowsAnswer } from './answer.ts'
import type { Catalog, TableEntry } from './catalog.ts'
import { RestFailure } from './failure.ts'
import { outOfRange, readPlan } from './read.ts'
import type { RestRequest, RestResponse } from './request.ts'
import { mostSimilar } from './similar.ts'
import { quoted, Values } from './sql.ts'
import { requireOne, runStatement } from './statement.ts'
import { refuseOtherParameters } from './supported.ts'
import { writeStatement } from './write.ts'

/** @throws RestFailure PGRST205 */
export function tableOf(catalog: Catalog, schema: string, name: string): TableEntry {
  const here = catalog.tables.filter((table) => table.schema === schema)
  const found = here.find((table) => table.name === name)
  if (found) return found
  const similar = mostSimilar(
    name,
    here.map((table) => table.name),
  )
  throw new RestFailure(404, {
    code: 'PGRST205',
    message: `Could not find the table '${schema}.${name}' in the schema cache`,
    hint: similar === null ? null : `Perhaps you meant the table '${schema}.${similar}'`,
  })
}

export async function readTable(
  session: Session,
  request: RestRequest,
  table: TableEntry,
  context: AnswerContext,
): Promise<RestResponse> {
  refuseOtherParameters('a read', request.query)
  const values = new Values()
  const plan = readPlan(request, quoted(table.name), values)
  const { offset, limit } = plan
  const sql = `select ${plan.columns} from ${quoted(table.schema)}.${quoted(table.name)}${plan.where}${plan.order}`
  const rows = await runStatement(session, {
    sql,
    values,
    row: 't',
    count: context.prefer.count,
    page: { offset, limit },
  })
  if (context.object) requireOne(rows)
  if (rows.total !== null && offset > rows.total) throw beyond(offset, rows.total)
  const body = request.method === 'HEAD' ? '' : context.object ? rows.first : rows.json
  return rowsAnswer(rows, body, { ...context, offset })
}

const beyond = (offset: number, total: number): RestFailure =>
  outOfRange(`An offset of ${offset} was requested, but there are only ${total} rows.`)

export async function writeTable(
  session: Session,
  request: RestRequest,
  table: TableEntry,
  context: AnswerContext,
): Promise<RestResponse> {
  refuseOtherParameters(writeOf(request), request.query)
  const written = await runStatement(session, writeStatement(request, table, context.prefer))
  const rows = { ...written, total: context.prefer.count ? written.rows : null }
  const inserted = request.method === 'POST'
  // An upsert that inserted no row has only updated rows, or done nothing.
  const merged = context.prefer.resolution === 'merge-duplicates' && rows.updated >= rows.rows
  const done = inserted ? (merged ? 200 : 201) : 204
  const uncounted = request.method === 'PATCH' ? rows : { ...rows, rows: 0 }
  if (context.prefer.returning !== 'representation') return emptyAnswer(done, uncounted, context)
  if (context.object) requireOne(rows)
  const answer = rowsAnswer(uncounted, context.object ? rows.first : rows.json, context)
  return inserted && rows.status === null ? { ...answer, status: done } : answer
}

const writeOf = ({ method }: RestRequest) =>
  method === 'PATCH' ? 'an update' : method === 'DELETE' ? 'a delete' : 'an insert'
