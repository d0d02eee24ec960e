import { leftOut } from './failure.ts'
import { columnSql, splitList, type Values } from './sql.ts'
import { isReserved } from './supported.ts'

const operators: Readonly<Record<string, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'ilike',
  match: '~',
  imatch: '~*',
  isdistinct: 'is distinct from',
  cs: '@>',
  cd: '<@',
  ov: '&&',
}

const truths: ReadonlySet<string> = new Set(['null', 'not_null', 'true', 'false', 'unknown'])

export interface FilterContext {
  readonly table: string
  readonly values: Values
}

/** The conditions of a query string. All of them have to be true. @throws RestFailure 501 for a filter that this server lacks */
export function conditions(query: Iterable<[string, string]>, context: FilterContext): readonly string[] {
  return [...query]
    .filter(([name]) => !isReserved(name))
    .map(([name, text]) => {
      const tree = /^(not\.)?(and|or)$/.exec(name)
      return tree ? treeSql(`${name}${text}`, context) : conditionSql(name, text, context)
    })
}

/** `eq.1`, `not.in.(1,2)`, `is.null` … on one column. */
function conditionSql(column: string, text: string, { table, values }: FilterContext): string {
  const [, not, operator = '', value = ''] = /^(not\.)?([a-z]+)\.(.*)$/s.exec(text) ?? []
  const condition = operation(operator, value, columnSql(column, table), values)
  if (condition === null) throw leftOut(`filter "${column}=${text}"`)
  return not ? `not (${condition})` : condition
}

/** Null if there is no such operator, or its value cannot be read. */
function operation(operator: string, value: string, column: string, values: Values): string | null {
  if (operator === 'in') {
    const array = arrayLiteral(value)
    return array === null ? null : `${column} = any (${values.add(array)})`
  }
  if (operator === 'is') {
    if (!truths.has(value.toLowerCase())) return null
    return `${column} is ${value.toLowerCase().replace('_', ' ')}`
  }
  const symbol = Object.hasOwn(operators, operator) ? operators[operator] : undefined
  if (symbol === undefined) return null
  const given = operator === 'like' || operator === 'ilike' ? value.replaceAll('*', '%') : value
  return `${column} ${symbol} ${values.add(given)}`
}

/** `(a,"b c")` as the array literal `{a,"b c"}`, which PostgreSQL reads with the type of the column. */
function arrayLiteral(list: string): string | null {
  const inner = /^\((.*)\)$/s.exec(list)?.[1]
  if (inner === undefined) return null
  const items = inner === '' ? [] : splitList(inner)
  return `{${items.map((item) => (item.startsWith('"') ? item : `"${item.replaceAll(/["\\]/g, '\\$&')}"`)).join(',')}}`
}

/** `or(a.eq.1,and(b.lt.2,not.c.is.null))`. */
function treeSql(text: string, context: FilterContext): string {
  const [, not, word, inner = ''] = /^(not\.)?(and|or)\((.*)\)$/s.exec(text) ?? []
  if (word === undefined) throw leftOut(`filter "${text}"`)
  const parts = splitList(inner).map((part) => {
    if (/^(not\.)?(and|or)\(/.test(part)) return treeSql(part, context)
    const [, column = '', rest = ''] = /^([^.]+)\.(.*)$/s.exec(part) ?? []
    return conditionSql(column, rest, context)
  })
  return `${not ? 'not ' : ''}(${parts.join(` ${word} `)})`
}
