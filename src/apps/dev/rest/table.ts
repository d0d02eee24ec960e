import type { Session } from '../database/database.ts'
import { emptyAnswer, rowsAnswer } from './answer.ts'
import type { Catalog, TableEntry } from './catalog.ts'
import { RestFailure } from './failure.ts'
import { readPlan } from './read.ts'
import type { RestRequest, RestResponse, Wanted } from './request.ts'
import { quoted, Values } from './sql.ts'
import { requireOne, runStatement } from './statement.ts'
import { refuseOtherParameters } from './supported.ts'
import { writeStatement } from './write.ts'

/** @throws RestFailure PGRST205 */
export function tableOf(catalog: Catalog, schema: string, name: string): TableEntry {
  const found = catalog.tables.find((table) => table.schema === schema && table.name === name)
  if (found) return found
  const message = `Could not find the table '${schema}.${name}' in the schema cache`
  throw new RestFailure(404, { code: 'PGRST205', message })
}

export async function readTable(
  session: Session,
  { method, query }: RestRequest,
  table: TableEntry,
  wanted: Wanted,
): Promise<RestResponse> {
  refuseOtherParameters('a read', query)
  const values = new Values()
  const { columns, where, order, page } = readPlan(query, quoted(table.name), values)
  const sql = `select ${columns} from ${quoted(table.schema)}.${quoted(table.name)}${where}${order}`
  const rows = await runStatement(session, { sql, values, row: 't', count: wanted.count, page })
  if (wanted.object) requireOne(rows)
  if (rows.total !== null && page.offset > rows.total) throw beyond(page.offset, rows.total)
  const body = method === 'HEAD' ? '' : wanted.object ? rows.first : rows.json
  return rowsAnswer(rows, body, wanted, page.offset)
}

const beyond = (offset: number, total: number): RestFailure =>
  new RestFailure(416, {
    ...{ code: 'PGRST103', message: 'Requested range not satisfiable' },
    details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
  })

export async function writeTable(
  session: Session,
  request: RestRequest,
  table: TableEntry,
  wanted: Wanted,
): Promise<RestResponse> {
  refuseOtherParameters(writeOf(request), request.query)
  const written = await runStatement(session, writeStatement(request, table, wanted.representation))
  const rows = { ...written, total: wanted.count ? written.rows : null }
  const inserted = request.method === 'POST'
  const uncounted = request.method === 'PATCH' ? rows : { ...rows, rows: 0 }
  if (!wanted.representation) return emptyAnswer(inserted ? 201 : 204, uncounted)
  if (wanted.object) requireOne(rows)
  const answer = rowsAnswer(uncounted, wanted.object ? rows.first : rows.json, wanted)
  return inserted ? { ...answer, status: 201 } : answer
}

const writeOf = ({ method }: RestRequest) =>
  method === 'PATCH' ? 'an update' : method === 'DELETE' ? 'a delete' : 'an insert'
