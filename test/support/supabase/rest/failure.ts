export interface RestResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The body of every error that PostgREST answers. */
export interface FailureBody {
  readonly code: string | null
  readonly message: string
  readonly details: string | null
  readonly hint: string | null
}

/** A request that cannot be answered. It becomes the response. */
export class RestFailure extends Error {
  readonly status: number
  readonly body: FailureBody
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    body: Pick<FailureBody, 'code' | 'message'> & Partial<FailureBody>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.message)
    this.status = status
    this.body = { details: null, hint: null, ...body }
    this.headers = headers
  }
}

export const leftOut = (what: string): RestFailure =>
  new RestFailure(501, {
    code: 'INTERLOCK',
    message: `the stand-in for Supabase has no ${what}; use \`supabase start\` for it`,
  })

export function failureAnswer({ status, body, headers }: RestFailure): RestResponse {
  const { code, details, hint, message } = body
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify({ code, details, hint, message }),
  }
}

/** HTTP statuses by SQLSTATE, or by the beginning of one; the longest match counts. All others are 400. */
const statuses: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '21000': 500,
  '23503': 409,
  '23505': 409,
  '25': 500,
  '25006': 405,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '42P01': 404,
  '42P17': 500,
  '42883': 404,
  '53': 503,
  '53400': 500,
  '54': 500,
  '55': 500,
  '57': 500,
  '57P01': 503,
  '58': 500,
  F0: 500,
  HV: 500,
  P0: 500,
  P0001: 400,
  XX: 500,
}

interface DatabaseError {
  readonly code: string
  readonly message: string
  readonly detail?: string | null
  readonly hint?: string | null
}

/** An error with a severity is an answer of the database. Others, such as a connection that broke off, have none. */
const isDatabaseError = (error: Error): error is Error & DatabaseError =>
  'severity' in error && 'code' in error

/**
 * PostgREST's answer to an error of the database, or that the database did not answer. `anonymous`: nobody is signed in, so a missing
 * privilege may mean a missing login.
 */
export function databaseFailure(error: Error, anonymous: boolean): RestFailure {
  const again = { 'Retry-After': '0' }
  if (!isDatabaseError(error))
    return new RestFailure(503, { code: 'PGRST001', message: error.message }, again)
  const { code, message, detail, hint } = error
  if (code === 'PGRST') return leftOut(`answer that a function gives itself ("raise sqlstate 'PGRST'")`)
  const status = code === '42501' ? (anonymous ? 401 : 403) : statusOf(code)
  const body = { code, message, details: detail ?? null, hint: hint ?? null }
  return new RestFailure(status, body, status === 503 ? again : {})
}

/** A function may raise `PT` with the status that it wants; Node sends none below 200. */
function statusOf(code: string): number {
  if (code.startsWith('PT')) return Number(/^[2-9]\d\d$/.exec(code.slice(2))?.[0] ?? 500)
  return statuses[code] ?? statuses[code.slice(0, 2)] ?? 400
}
