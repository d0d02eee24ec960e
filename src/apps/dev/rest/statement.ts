import type { Session } from '../database/database.ts'
import { leftOut, RestFailure } from './failure.ts'
import type { Values } from './sql.ts'

/** PostgREST's `max-rows` as Supabase sets it. A longer read is cut silently. */
const MAX_ROWS = 1_000

export interface RowPart {
  readonly offset: number
  /** Null: all rows, up to max-rows. */
  readonly limit: number | null
}

/** A statement that returns rows, and what to return of them. */
export interface RowSource {
  readonly sql: string
  readonly values: Values
  /** How to write one row: `t` for an object, `t.value` for a scalar. */
  readonly row: 't' | 't.value'
  /** Which part of the rows, for reads. */
  readonly page?: RowPart
  readonly count: boolean
}

export interface RowsText {
  /** JSON text, made by PostgreSQL: no digit of a number is lost, and no key moves. */
  readonly json: string
  /** The first row alone, as JSON text. */
  readonly first: string
  readonly rows: number
  readonly total: number | null
}

/** @throws RestFailure 501 if the statement sets status or headers of the answer itself */
export async function runStatement(session: Session, source: RowSource): Promise<RowsText> {
  const { sql, values, row, page, count } = source
  const limit = page ? Math.min(page.limit ?? MAX_ROWS, MAX_ROWS) : null
  const cut = page ? ` limit ${limit} offset ${page.offset}` : ''
  const [{ own, ...rows } = {}] = await session.query(
    `with source as (${sql})
     select coalesce(json_agg(${row}), '[]')::text as json, coalesce(json_agg(${row}) -> 0, 'null')::text as first,
            count(*)::int as rows, ${count ? '(select count(*)::int from source)' : 'null::int'} as total,
            concat(current_setting('response.status', true), current_setting('response.headers', true)) as own
       from (select * from source${cut}) t`,
    values.list,
  )
  if (own !== '') throw leftOut('"response.status" or "response.headers" that a function sets')
  return rows as unknown as RowsText
}

/** @throws RestFailure PGRST116 unless there is exactly one row */
export function requireOne({ rows }: RowsText): void {
  if (rows === 1) return
  throw new RestFailure(406, {
    code: 'PGRST116',
    message: 'Cannot coerce the result to a single JSON object',
    details: `The result contains ${rows} rows`,
  })
}
