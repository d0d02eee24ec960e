import { leftOut, RestFailure } from './failure.ts'
import { conditions, unparsable } from './filter.ts'
import type { RestRequest } from './request.ts'
import { columnSql, quoted, splitList, type Values } from './sql.ts'

/** What a read wants of the rows of a table or of a function. */
export interface ReadPlan {
  readonly columns: string
  readonly where: string
  readonly order: string
  readonly offset: number
  /** Null: all there are, up to max-rows. */
  readonly limit: number | null
}

/** @param table how the rows are called in the statement, quoted */
export function readPlan(request: RestRequest, table: string, values: Values): ReadPlan {
  const { query } = request
  const where = conditions(query, { table, values })
  const range = /^(\d+)-(\d*)$/.exec(request.method === 'GET' ? (request.headers['range'] ?? '') : '')
  const offset = wholeNumber(query.get('offset')) ?? Number(range?.[1] ?? 0)
  const last = range?.[2] ? Number(range[2]) : null
  return {
    columns: columnsSql(query.get('select'), table),
    where: where.length === 0 ? '' : ` where ${where.join(' and ')}`,
    order: orderSql(query.get('order'), table),
    offset,
    limit: wholeNumber(query.get('limit')) ?? (last === null ? null : last - offset + 1),
  }
}

/** `*`, or a list of `alias:column->path::type`. */
export function columnsSql(select: string | null, table: string): string {
  const items = splitList(select ?? '*').map((item) => item.trim())
  return items
    .map((item) => (item === '*' || item === '' ? `${table}.*` : columnItem(item, table)))
    .join(', ')
}

function columnItem(item: string, table: string): string {
  if (/[()]/.test(item)) throw leftOut('embedding of other tables, nor aggregates')
  const [, alias, path = '', , type] = /^(?:([^:]+):(?!:))?(.+?)(::(.+))?$/.exec(item) ?? []
  if (type !== undefined && !/^[a-z][\w ]*(\[\])?$/i.test(type))
    throw unparsable(`"failed to parse select parameter (${item})" (line 1, column 1)`)
  const sql = columnSql(path, table)
  const name = alias ?? path.split(/->>?/).findLast((step) => !/^\d+$/.test(step)) ?? path
  return `${type === undefined ? sql : `(${sql})::${type}`} as ${quoted(name)}`
}

function orderSql(order: string | null, table: string): string {
  if (!order) return ''
  const terms = splitList(order).map((term) => {
    const [, path = '', direction = '', nulls = ''] =
      /^(.+?)(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?$/.exec(term) ?? []
    return `${columnSql(path, table)} ${direction}${nulls === '' ? '' : ` nulls ${nulls.slice(5)}`}`
  })
  return ` order by ${terms.join(', ')}`
}

function wholeNumber(text: string | null): number | null {
  if (text === null || text === '') return null
  if (/^\d+$/.test(text)) return Number(text)
  throw new RestFailure(400, { code: 'PGRST100', message: `"unexpected ${text}"` })
}
