import type { Session } from '../database/database.ts'
import { emptyAnswer, rowsAnswer } from './answer.ts'
import type { Catalog, TableEntry } from './catalog.ts'
import { leftOut, RestFailure } from './failure.ts'
import { columnsSql, readPlan, whereSql } from './read.ts'
import { isObject, jsonIn, type Preference, type RestRequest, type RestResponse } from './request.ts'
import { quoted, splitList, Values } from './sql.ts'
import { type RowSource, requireOne, runStatement } from './statement.ts'
import { refuseOtherParameters } from './supported.ts'

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
  wanted: Preference,
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
    code: 'PGRST103',
    message: 'Requested range not satisfiable',
    details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
  })

export async function writeTable(
  session: Session,
  request: RestRequest,
  table: TableEntry,
  wanted: Preference,
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

/** INSERT, UPDATE or DELETE for a request, as a statement that returns what the request selects. */
function writeStatement(request: RestRequest, table: TableEntry, representation: boolean): RowSource {
  const values = new Values()
  const name = quoted(table.name)
  const target = `${quoted(table.schema)}.${name}`
  // A write must be possible without the privilege to read, so it returns rows only if they are asked for.
  const returning = representation ? columnsSql(request.query.get('select'), name) : 'null as nothing'
  const change = changeSql(request, table, target, values)
  const sql =
    change === null
      ? `select ${returning} from ${target} where false`
      : `${change}${whereSql(request.query, name, values)} returning ${returning}`
  return { sql, values, row: 't', count: false }
}

/** Null if there is nothing to write. */
function changeSql(request: RestRequest, table: TableEntry, target: string, values: Values): string | null {
  if (request.method === 'DELETE') return `delete from ${target}`
  const { json, columns } = writtenBy(request, table)
  if (request.method === 'PATCH' && columns.length === 0) return null
  const list = columns.map(quoted).join(', ')
  const rows = `json_populate_recordset(null::${target}, ${values.add(json)}::json)`
  if (request.method === 'PATCH') return `update ${target} set (${list}) = (select ${list} from ${rows})`
  // Objects without a key become rows of defaults.
  return columns.length === 0
    ? `insert into ${target} select from ${rows}`
    : `insert into ${target} (${list}) select ${list} from ${rows}`
}

interface WrittenRows {
  /** A list of objects, as it was sent. PostgreSQL parses it, so that no digit of a number is lost. */
  readonly json: string
  readonly columns: readonly string[]
}

/** The columns that the request names, else the keys of the objects. @throws RestFailure PGRST102, PGRST204, 501 */
function writtenBy(request: RestRequest, table: TableEntry): WrittenRows {
  const value = jsonIn(request)
  const isList = Array.isArray(value)
  if (isList && request.method === 'PATCH') throw leftOut('list as the body of an update')
  const named = request.query.get('columns')
  const columns = named === null ? keysOf(isList ? value : [value]) : namesIn(named)
  const unknown = columns.find((name) => !table.columns.includes(name))
  if (unknown !== undefined) {
    throw new RestFailure(400, {
      code: 'PGRST204',
      message: `Could not find the '${unknown}' column of '${table.name}' in the schema cache`,
    })
  }
  const json = request.body || '{}'
  return { json: isList ? json : `[${json}]`, columns }
}

/** The keys that every row has. @throws RestFailure 501 for rows of different keys, and for what is no row */
function keysOf(rows: readonly unknown[]): readonly string[] {
  const [keys = [], ...others] = rows.map((row) => {
    if (!isObject(row)) throw leftOut('row that is not a JSON object')
    return Object.keys(row).sort()
  })
  if (others.some((other) => other.join('\0') !== keys.join('\0')))
    throw leftOut('list of rows whose keys differ, without "columns"')
  return keys
}

const namesIn = (list: string): readonly string[] =>
  splitList(list).flatMap((name) => name.trim().replace(/^"|"$/g, '') || [])
