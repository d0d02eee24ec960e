import type { Session } from '../database.ts'
import { leftOut, RestFailure, type RestResponse } from './failure.ts'
import type { Preference } from './request.ts'
import type { Values } from './sql.ts'

/** PostgREST's `max-rows` as Supabase sets it. A longer read is cut silently. */
const MAX_ROWS = 1_000

/** A statement that returns rows, and what to return of them. */
export interface RowSource {
  readonly sql: string
  readonly values: Values
  /** How to write one row: `t` for an object, `t.value` for a scalar. */
  readonly row: 't' | 't.value'
  /** How many rows of a read; all of a write. */
  readonly limit?: number
}

export interface RowsText {
  /** JSON text, made by PostgreSQL: no digit of a number is lost, and no key moves. */
  readonly json: string
  /** The first row alone, as JSON text. */
  readonly first: string
  readonly rows: number
}

export const pageOf = (limit = MAX_ROWS): number => Math.min(limit, MAX_ROWS)

/** @throws RestFailure 501 if the statement sets status or headers of the answer itself */
export async function runStatement(session: Session, source: RowSource): Promise<RowsText> {
  const { sql, values, row, limit } = source
  const cut = limit === undefined ? '' : ` limit ${limit}`
  const [{ own, ...rows } = {}] = await session.query(
    `with source as (${sql})
     select coalesce(json_agg(${row}), '[]')::text as json, coalesce(json_agg(${row}) -> 0, 'null')::text as first,
            count(*)::int as rows,
            concat(current_setting('response.status', true), current_setting('response.headers', true)) as own
       from (select * from source${cut}) t`,
    values.list,
  )
  if (own !== '') throw leftOut('"response.status" or "response.headers" that a function sets')
  return rows as unknown as RowsText
}

/** The answer with the rows. @throws RestFailure PGRST116 if one object is wanted and there is not exactly one row */
export function rowsAnswer(rows: RowsText, { object }: Preference, isSet = true, status = 200): RestResponse {
  if (object && rows.rows !== 1) {
    throw new RestFailure(406, {
      code: 'PGRST116',
      message: 'Cannot coerce the result to a single JSON object',
      details: `The result contains ${rows.rows} rows`,
    })
  }
  const type = object ? 'application/vnd.pgrst.object+json' : 'application/json'
  const headers = { 'Content-Type': `${type}; charset=utf-8` }
  return { status, headers, body: isSet && !object ? rows.json : rows.first }
}

export const emptyAnswer = (status: number): RestResponse => ({ status, headers: {}, body: '' })
