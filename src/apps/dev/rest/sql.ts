import { leftOut } from './failure.ts'

/** A statement under construction. Every value of a request becomes a parameter, never text. */
export class Values {
  readonly list: unknown[] = []

  /** The placeholder of a value. PostgreSQL infers its type from the surroundings, as it does for a literal. */
  add(value: string): string {
    this.list.push(value)
    return `$${this.list.length}`
  }
}

export const quoted = (name: string): string => `"${whole(name).replaceAll('"', '""')}"`

/** Refuses a zero character: a statement would end there. @throws RestFailure 501 */
function whole(text: string): string {
  if (!text.includes('\0')) return text
  throw leftOut('name with a NUL character, which PostgreSQL does not allow')
}

const textLiteral = (text: string): string => `'${whole(text).replaceAll("'", "''")}'`

/** `col`, `col->key`, `col->>key`, `col->0` on `table`, as SQL. @throws RestFailure 501 for a column of another table */
export function columnSql(path: string, table: string): string {
  const [column = '', ...steps] = path.split(/(->>?)/)
  if (/[.()]/.test(column)) throw leftOut(`embedding of other tables, nor aggregates: "${path}"`)
  let sql = `${table}.${quoted(column.trim())}`
  for (let at = 0; at + 1 < steps.length; at += 2) {
    const key = steps[at + 1] ?? ''
    sql += `${steps[at]}${/^-?\d+$/.test(key) ? key : textLiteral(key)}`
  }
  return steps.length > 0 ? `(${sql})` : sql
}

/** Splits at commas, but not inside parentheses, braces or double quotes. */
export function splitList(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let inQuotes = false
  let begin = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '"') inQuotes = !inQuotes
    else if (!inQuotes && (char === '(' || char === '{')) depth++
    else if (!inQuotes && (char === ')' || char === '}')) depth--
    else if (!inQuotes && depth === 0 && char === ',') {
      parts.push(text.slice(begin, at))
      begin = at + 1
    }
  }
  parts.push(text.slice(begin))
  return parts
}
