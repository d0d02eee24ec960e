import { parsedJson } from './arguments.ts'
import type { TableEntry } from './catalog.ts'
import { RestFailure } from './failure.ts'
import { conditions } from './filter.ts'
import { columnsSql } from './read.ts'
import type { Preferences, RestRequest } from './request.ts'
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
  // Without a right to read, a write must still be possible: nothing is returned unless it was asked for.
  const returning =
    prefer.returning === 'representation' ? columnsSql(request.query.get('select'), name) : 'null as nothing'
  const sql =
    request.method === 'DELETE'
      ? `delete from ${target}${where()}`
      : request.method === 'PATCH'
        ? updateSql(request, table, target, values) + where()
        : insertSql(request, table, target, values, prefer)
  return { sql: `${sql} returning ${returning}`, values, row: 't', count: false }
}

function insertSql(
  request: RestRequest,
  table: TableEntry,
  target: string,
  values: Values,
  prefer: Preferences,
): string {
  const body = parsedJson(request.body)
  const rows = Array.isArray(body) ? body : [body]
  const columns = columnsOf(request, rows, table)
  const list = columns.map(quoted).join(', ')
  const rowset = `json_populate_recordset(null::${target}, ${values.add(JSON.stringify(rows))}::json)`
  const source = columns.length === 0 ? 'default values' : `(${list}) select ${list} from ${rowset}`
  return `insert into ${target} ${source}${conflictSql(request, table, columns, prefer)}`
}

function conflictSql(
  request: RestRequest,
  table: TableEntry,
  columns: readonly string[],
  { resolution }: Preferences,
): string {
  if (resolution === null) return ''
  const named = request.query.get('on_conflict')
  const key = named === null ? table.key : splitList(named).map((name) => name.replace(/^"|"$/g, ''))
  const on = ` on conflict (${key.map(quoted).join(', ')})`
  if (resolution === 'ignore-duplicates') return `${on} do nothing`
  return `${on} do update set ${columns.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}`
}

function updateSql(request: RestRequest, table: TableEntry, target: string, values: Values): string {
  const body = parsedJson(request.body)
  const row = Array.isArray(body) ? body[0] : body
  const columns = columnsOf(request, [row], table)
  const list = columns.map(quoted).join(', ')
  const given = `json_populate_record(null::${target}, ${values.add(JSON.stringify(row))}::json)`
  return `update ${target} set (${list}) = (select ${list} from ${given})`
}

/** The columns that are written: those named, else those of the first object; every object has to have the same. */
function columnsOf(request: RestRequest, rows: readonly unknown[], table: TableEntry): readonly string[] {
  const named = request.query.get('columns')
  const columns =
    named === null ? keysOf(rows[0]) : splitList(named).map((name) => name.replace(/^"|"$/g, ''))
  if (named === null && rows.some((row) => keysOf(row).join() !== columns.join())) {
    throw new RestFailure(400, { code: 'PGRST102', message: 'All object keys must match' })
  }
  const unknown = columns.find((name) => !table.columns.includes(name))
  if (unknown === undefined) return columns
  throw new RestFailure(400, {
    code: 'PGRST204',
    message: `Could not find the '${unknown}' column of '${table.name}' in the schema cache`,
  })
}

const keysOf = (row: unknown): readonly string[] =>
  typeof row === 'object' && row !== null ? Object.keys(row).sort() : []
