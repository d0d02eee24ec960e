import { leftOut } from './failure.ts'
import { conditions } from './filter.ts'
import { columnSql, quoted, splitList, type Values } from './sql.ts'
import type { RowPart } from './statement.ts'

/** Which rows and columns of a table a read returns. */
export interface ReadPlan {
  readonly columns: string
  readonly where: string
  readonly order: string
  readonly page: RowPart
}

/** @param table the name of the rows in the statement, quoted */
export function readPlan(query: URLSearchParams, table: string, values: Values): ReadPlan {
  return {
    columns: columnsSql(query.get('select'), table),
    where: whereSql(query, table, values),
    order: orderSql(query.get('order'), table),
    page: { offset: wholeNumber(query, 'offset') ?? 0, limit: wholeNumber(query, 'limit') },
  }
}

export function whereSql(query: URLSearchParams, table: string, values: Values): string {
  const all = conditions(query, { table, values })
  return all.length === 0 ? '' : ` where ${all.join(' and ')}`
}

/** `*`, or a list of `alias:column->path`. */
export function columnsSql(select: string | null, table: string): string {
  const items = splitList(select ?? '*').map((item) => item.trim())
  return items
    .map((item) => (item === '*' || item === '' ? `${table}.*` : columnItem(item, table)))
    .join(', ')
}

function columnItem(item: string, table: string): string {
  if (item.includes('::')) throw leftOut(`cast, as in "${item}"`)
  const [, alias, path = ''] = /^(?:([^:]+):)?(.+)$/.exec(item) ?? []
  const name = alias ?? path.split(/->>?/).findLast((step) => !/^\d+$/.test(step)) ?? path
  return `${columnSql(path, table)} as ${quoted(name)}`
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

/** @throws RestFailure 501 for anything but digits */
function wholeNumber(query: URLSearchParams, name: 'limit' | 'offset'): number | null {
  const text = query.get(name)
  if (text === null) return null
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw leftOut(`"${name}=${text}"`)
}
