import type { Session } from '../database.ts'
import type { Catalog, TableEntry } from './catalog.ts'
import { leftOut, RestFailure, type RestResponse } from './failure.ts'
import { isFilter, objectIn, type Preference, type RestRequest, refuseOthers, SCHEMA } from './request.ts'
import { quoted, Values } from './sql.ts'
import { emptyAnswer, pageOf, rowsAnswer, runStatement } from './statement.ts'

/** @throws RestFailure PGRST205 */
export function tableOf(catalog: Catalog, name: string): TableEntry {
  const found = catalog.tables.find((table) => table.name === name)
  if (found) return found
  const message = `Could not find the table '${SCHEMA}.${name}' in the schema cache`
  throw new RestFailure(404, { code: 'PGRST205', message })
}

export async function readTable(
  session: Session,
  { query }: RestRequest,
  { name }: TableEntry,
  wanted: Preference,
): Promise<RestResponse> {
  refuseOthers(query, ['select', 'order', 'limit', 'filters'])
  const values = new Values()
  const sql = `select ${columnsSql(query, name)} from ${target(name)}${whereSql(query, name, values)}${orderSql(query, name)}`
  return rowsAnswer(await runStatement(session, { sql, values, row: 't', limit: limitOf(query) }), wanted)
}

export async function writeTable(
  session: Session,
  request: RestRequest,
  table: TableEntry,
  wanted: Preference,
): Promise<RestResponse> {
  const inserts = request.method === 'POST'
  refuseOthers(request.query, inserts ? ['select'] : ['select', 'filters'])
  const values = new Values()
  // A write must be possible without the privilege to read, so it returns rows only if they are asked for.
  const returning = wanted.representation ? columnsSql(request.query, table.name) : 'null as nothing'
  const change = changeSql(request, table, values)
  const where = whereSql(request.query, table.name, values)
  const rows = await runStatement(session, {
    ...{ sql: `${change}${where} returning ${returning}`, values, row: 't' },
  })
  if (!wanted.representation) return emptyAnswer(inserts ? 201 : 204)
  return rowsAnswer(rows, wanted, true, inserts ? 201 : 200)
}

/** INSERT, UPDATE or DELETE, without its conditions. PostgreSQL parses the row, so no digit of a number is lost. */
function changeSql(request: RestRequest, table: TableEntry, values: Values): string {
  const to = target(table.name)
  if (request.method === 'DELETE') return `delete from ${to}`
  const columns = Object.keys(objectIn(request))
  const unknown = columns.find((name) => !table.columns.includes(name))
  if (unknown !== undefined) {
    const message = `Could not find the '${unknown}' column of '${table.name}' in the schema cache`
    throw new RestFailure(400, { code: 'PGRST204', message })
  }
  if (columns.length === 0) throw leftOut('write without a column')
  const list = columns.map(quoted).join(', ')
  const row = `json_populate_record(null::${to}, ${values.add(request.body)}::json)`
  return request.method === 'PATCH'
    ? `update ${to} set (${list}) = (select ${list} from ${row})`
    : `insert into ${to} (${list}) select ${list} from ${row}`
}

const target = (table: string): string => `${quoted(SCHEMA)}.${quoted(table)}`

const columnSql = (column: string, table: string): string => `${quoted(table)}.${quoted(column)}`

/** `*`, or a list of columns. */
function columnsSql(query: URLSearchParams, table: string): string {
  const names = (query.get('select') ?? '*').split(',').map((name) => name.trim())
  const other = names.find((name) => !/^(\*|\w+)$/.test(name))
  if (other !== undefined) throw leftOut(`"select" of anything but columns: "${other}"`)
  return names.map((name) => (name === '*' ? `${quoted(table)}.*` : columnSql(name, table))).join(', ')
}

/** `column=eq.value`. All of them have to be true. */
function whereSql(query: URLSearchParams, table: string, values: Values): string {
  const conditions = [...query]
    .filter(([name]) => isFilter(name))
    .map(([column, text]) => {
      if (!/^\w+$/.test(column) || !text.startsWith('eq.')) throw leftOut(`filter "${column}=${text}"`)
      return `${columnSql(column, table)} = ${values.add(text.slice(3))}`
    })
  return conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`
}

/** One column, with or without its direction. */
function orderSql(query: URLSearchParams, table: string): string {
  const order = query.get('order')
  if (order === null) return ''
  const [, column, direction = 'asc'] = /^(\w+)(?:\.(asc|desc))?$/.exec(order) ?? []
  if (column === undefined) throw leftOut(`"order=${order}"`)
  return ` order by ${columnSql(column, table)} ${direction}`
}

function limitOf(query: URLSearchParams): number {
  const limit = query.get('limit') ?? undefined
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) throw leftOut(`"limit=${limit}"`)
  return pageOf(limit === undefined ? undefined : Number(limit))
}
