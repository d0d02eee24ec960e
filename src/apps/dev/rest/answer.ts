import { RestFailure } from './failure.ts'
import { isStatus } from './raised.ts'
import type { Preferences, RestResponse } from './request.ts'
import type { Rows } from './statement.ts'

export interface AnswerContext {
  readonly schema: string
  readonly prefer: Preferences
  /** True if the client wants one object instead of a list. */
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

/** `response.status` as a statement set it. @throws RestFailure PGRST112 unless it begins with a valid status */
function ownStatus(text: string): number {
  const status = Number(/^\d+/.exec(text)?.[0] ?? Number.NaN)
  if (isStatus(status)) return status
  throw new RestFailure(500, {
    code: 'PGRST112',
    message: 'response.status guc must be a valid status code',
  })
}

/** Headers that the server writes itself. */
const framing: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade'],
])
const isSendable = (name: string, value: string): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

/** `response.headers` as a statement set it. @throws RestFailure PGRST111 unless it is `[{"name": "value"}, …]` */
function ownHeaders(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listOf(text)
      .map(pairOf)
      .filter(([name]) => !framing.has(name.toLowerCase())),
  )
}

function listOf(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return list
  } catch {
    // It is not JSON.
  }
  throw refusal()
}

function pairOf(value: unknown): readonly [string, string] {
  const [pair, another] = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (Array.isArray(value) || pair === undefined || another !== undefined) throw refusal()
  const [name, text]: [string, unknown] = pair
  if (typeof text !== 'string' || !isSendable(name, text)) throw refusal()
  return [name, text]
}

const refusal = (): RestFailure =>
  new RestFailure(500, {
    code: 'PGRST111',
    message:
      'response.headers guc must be a JSON array composed of objects with a single key and a string value',
  })
