import type { RestFailure } from './failure.ts'
import { ownHeaders, ownStatus } from './own-answer.ts'
import type { Preferences, RestResponse } from './request.ts'
import type { Rows } from './statement.ts'

export interface AnswerContext {
  readonly schema: string
  readonly prefer: Preferences
  /** One object is wanted and not a list. */
  readonly object: boolean
  readonly offset: number
}

/** The answer to a call or a read, with the status and headers that a function may have set. */
export function rowsAnswer(rows: Rows, body: string, context: AnswerContext): RestResponse {
  const { object, offset } = context
  const type = object ? 'application/vnd.pgrst.object+json' : 'application/json'
  const whole = rows.total === null || offset + rows.rows >= rows.total
  const status = whole && offset === 0 ? 200 : rows.total === null ? 200 : 206
  const headers = { ...commonHeaders(rows, context), 'Content-Type': `${type}; charset=utf-8` }
  return overridden({ status, headers, body }, rows)
}

/** An answer without a body. */
export function emptyAnswer(status: number, rows: Rows, context: AnswerContext): RestResponse {
  const { 'Content-Profile': _, ...headers } = commonHeaders(rows, context)
  return overridden({ status, headers, body: '' }, rows)
}

export function failureAnswer({ status, body, headers }: RestFailure): RestResponse {
  const { code, details, hint, message } = body
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify({ code, details, hint, message }),
  }
}

function commonHeaders(
  { rows, total }: Rows,
  { schema, prefer, offset }: AnswerContext,
): Record<string, string> {
  const range = rows === 0 ? '*' : `${offset}-${offset + rows - 1}`
  return {
    'Content-Range': `${range}/${total ?? '*'}`,
    'Content-Profile': schema,
    ...(prefer.applied.length > 0 ? { 'Preference-Applied': prefer.applied.join(', ') } : {}),
  }
}

function overridden(response: RestResponse, { status, headers }: Rows): RestResponse {
  if (status === null && headers === null) return response
  return {
    ...response,
    status: status === null ? response.status : ownStatus(status),
    headers: { ...response.headers, ...(headers === null ? {} : ownHeaders(headers)) },
  }
}
