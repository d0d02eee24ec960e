import { leftOut, RestFailure } from './failure.ts'
import { conditions } from './filter.ts'
import type { RestRequest } from './request.ts'
import { columnSql, quoted, splitList, type Values } from './sql.ts'
import { unparsable } from './unparsable.ts'

/** Which rows and columns of a table or a function a read returns. */
export interface ReadPlan {
  readonly columns: string
  readonly where: string
  readonly order: string
  readonly offset: number
  /** Null: all rows, up to max-rows. */
  readonly limit: number | null
}

/** @param table the name of the rows in the statement, quoted */
export function readPlan(request: RestRequest, table: string, values: Values): ReadPlan {
  const { query } = request
  const where = conditions(query, { table, values })
  return {
    columns: columnsSql(query.get('select'), table),
    where: where.length === 0 ? '' : ` where ${where.join(' and ')}`,
    order: orderSql(query.get('order'), table),
    ...rangeOf(request),
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
  if (/[()]/.test(item)) throw leftOut(`embedding of other tables, nor aggregates: "${item}"`)
  const [, alias, path = '', , type] = /^(?:([^:]+):(?!:))?(.+?)(::(.+))?$/.exec(item) ?? []
  if (type !== undefined && !/^[a-z][\w ]*(\[\])?$/i.test(type))
    throw unparsable(
      `"failed to parse select parameter (${item})" (line 1, column ${item.indexOf('::') + 3})`,
      `unexpected ${JSON.stringify(type[0])}`,
    )
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

/**
 * From the query string, else from the Range header of a GET. A value that is not a number is ignored. @throws RestFailure
 * PGRST103
 */
export function rangeOf({ method, query, headers }: RestRequest): Pick<ReadPlan, 'offset' | 'limit'> {
  const [, from = '0', to = ''] = /^(\d+)-(\d*)$/.exec(method === 'GET' ? (headers['range'] ?? '') : '') ?? []
  const offset = wholeNumber(query.get('offset')) ?? Number(from)
  const limit = wholeNumber(query.get('limit')) ?? (to === '' ? null : Number(to) - offset + 1)
  if (to !== '' && Number(to) < Number(from)) {
    throw outOfRange(
      'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
    )
  }
  if (limit !== null && limit < 0) throw outOfRange('Limit should be greater than or equal to zero.')
  return { offset, limit }
}

export const outOfRange = (details: string): RestFailure =>
  new RestFailure(416, { code: 'PGRST103', message: 'Requested range not satisfiable', details })

const wholeNumber = (text: string | null): number | null => (/^-?\d+$/.test(text ?? '') ? Number(text) : null)
