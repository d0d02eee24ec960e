import type { TableEntry } from './catalog.ts'
import { RestFailure } from './failure.ts'
import { conditions } from './filter.ts'
import { columnsSql } from './read.ts'
import {
  bodyType,
  type JsonBody,
  jsonBody,
  type Preferences,
  type RestRequest,
  refusedType,
} from './request.ts'
import { quoted, splitList, Values } from './sql.ts'
import type { Source } from './statement.ts'

/** INSERT, UPDATE or DELETE for a request, as a statement that returns what the request selects. */
export function writeStatement(request: RestRequest, table: TableEntry, prefer: Preferences): Source {
  const values = new Values()
  const target = `${quoted(table.schema)}.${quoted(table.name)}`
  const name = quoted(table.name)
  const where = () => {
    const all = conditions(request.query, { table: name, values })
    return all.length === 0 ? '' : ` where ${all.join(' and ')}`
  }
  // A write must be possible without the privilege to read, so it returns rows only if they are asked for.
  const returning =
    prefer.returning === 'representation' ? columnsSql(request.query.get('select'), name) : 'null as nothing'
  const updated = () => {
    const update = updateSql(request, table, target, values)
    return update === null ? null : update + where()
  }
  const sql =
    request.method === 'DELETE'
      ? `delete from ${target}${where()}`
      : request.method === 'PATCH'
        ? updated()
        : insertSql(request, table, target, values, prefer)
  const nothing = `select ${returning} from ${target} where false`
  return { sql: sql === null ? nothing : `${sql} returning ${returning}`, values, row: 't', count: false }
}

function insertSql(
  request: RestRequest,
  table: TableEntry,
  target: string,
  values: Values,
  prefer: Preferences,
): string {
  const { json, columns } = writtenBy(request, table)
  const rows = `${values.add(json)}::json`
  const list = columns.map(quoted).join(', ')
  // Objects without a key become rows of defaults.
  const source =
    columns.length === 0
      ? `select from json_array_elements(${rows})`
      : `(${list}) select ${list} from json_populate_recordset(null::${target}, ${rows})`
  return `insert into ${target} ${source}${conflictSql(request, table, columns, prefer)}`
}

/** Counts a row that existed before, and is always true. */
const counted = `set_config('interlock_dev.updated',
  (coalesce(nullif(current_setting('interlock_dev.updated', true), ''), '0')::int + 1)::text, true) is not null`

function conflictSql(
  request: RestRequest,
  table: TableEntry,
  columns: readonly string[],
  { resolution }: Preferences,
): string {
  const named = request.query.get('on_conflict')
  const key = named === null ? table.key : namesIn(named)
  if (resolution === null || key.length === 0) return ''
  const on = ` on conflict (${key.map(quoted).join(', ')})`
  if (resolution === 'ignore-duplicates' || columns.length === 0) return `${on} do nothing`
  const changes = columns.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')
  return `${on} do update set ${changes} where ${counted}`
}

/** Null if there is nothing to write. */
function updateSql(request: RestRequest, table: TableEntry, target: string, values: Values): string | null {
  const { json, columns } = writtenBy(request, table)
  if (columns.length === 0) return null
  const list = columns.map(quoted).join(', ')
  const given = `json_populate_recordset(null::${target}, ${values.add(json)}::json)`
  return `update ${target} set (${list}) = (select ${list} from ${given} limit 1)`
}

interface Written {
  /** A list of objects, as it was sent. PostgreSQL parses it, so that no digit of a number is lost. */
  readonly json: string
  readonly columns: readonly string[]
}

/** The columns that the request names, else the keys of the objects. @throws RestFailure PGRST102, PGRST204 */
function writtenBy(request: RestRequest, table: TableEntry): Written {
  const body = rowsIn(request)
  const columns = body.named ?? body.keys
  const unknown = columns.find((name) => !table.columns.includes(name))
  if (unknown !== undefined) {
    throw new RestFailure(400, {
      code: 'PGRST204',
      message: `Could not find the '${unknown}' column of '${table.name}' in the schema cache`,
    })
  }
  return { json: body.isList ? body.text : `[${body.text}]`, columns }
}

function rowsIn(request: RestRequest): JsonBody & { readonly named: readonly string[] | null } {
  const type = bodyType(request)
  const columns = request.query.get('columns')
  const named = columns === null ? null : namesIn(columns)
  if (type === 'application/x-www-form-urlencoded') {
    return { ...jsonBody(JSON.stringify(Object.fromEntries(new URLSearchParams(request.body)))), named }
  }
  if (type !== 'application/json') return refusedType(request, type)
  // If the request names the columns, only PostgreSQL parses the body.
  const isList = !request.body.trimStart().startsWith('{')
  return named === null
    ? { ...jsonBody(request.body), named }
    : { text: request.body, isList, keys: [], named }
}

const namesIn = (list: string): readonly string[] =>
  splitList(list).flatMap((name) => name.trim().replace(/^"|"$/g, '') || [])
