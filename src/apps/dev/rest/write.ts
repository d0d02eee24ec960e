import type { TableEntry } from './catalog.ts'
import { leftOut, RestFailure } from './failure.ts'
import { columnsSql, whereSql } from './read.ts'
import { isObject, jsonIn, type RestRequest } from './request.ts'
import { quoted, splitList, Values } from './sql.ts'
import type { Source } from './statement.ts'

/** INSERT, UPDATE or DELETE for a request, as a statement that returns what the request selects. */
export function writeStatement(request: RestRequest, table: TableEntry, representation: boolean): Source {
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

interface Written {
  /** A list of objects, as it was sent. PostgreSQL parses it, so that no digit of a number is lost. */
  readonly json: string
  readonly columns: readonly string[]
}

/** The columns that the request names, else the keys of the objects. @throws RestFailure PGRST102, PGRST204, 501 */
function writtenBy(request: RestRequest, table: TableEntry): Written {
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
