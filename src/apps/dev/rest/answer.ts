import type { RestFailure } from './failure.ts'
import type { Preference, RestResponse } from './request.ts'
import type { RowsText } from './statement.ts'

/** The answer to a call or a read. 206: there are more rows than these. */
export function rowsAnswer(rows: RowsText, body: string, { object }: Preference, offset = 0): RestResponse {
  const type = object ? 'application/vnd.pgrst.object+json' : 'application/json'
  const isAll = rows.total === null || (offset === 0 && rows.rows >= rows.total)
  const headers = { 'Content-Range': rangeOf(rows, offset), 'Content-Type': `${type}; charset=utf-8` }
  return { status: isAll ? 200 : 206, headers, body }
}

/** An answer without a body. */
export const emptyAnswer = (status: number, rows: RowsText): RestResponse => ({
  status,
  headers: { 'Content-Range': rangeOf(rows, 0) },
  body: '',
})

const rangeOf = ({ rows, total }: RowsText, offset: number): string =>
  `${rows === 0 ? '*' : `${offset}-${offset + rows - 1}`}/${total ?? '*'}`

export function failureAnswer({ status, body, headers }: RestFailure): RestResponse {
  const { code, details, hint, message } = body
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify({ code, details, hint, message }),
  }
}
