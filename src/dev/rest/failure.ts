/** The body of every error that PostgREST answers. */
export interface FailureBody {
  readonly code: string | null
  readonly message: string
  readonly details: string | null
  readonly hint: string | null
}

/** A request that cannot be answered; becomes the response. */
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
    message: `the local Supabase of \`interlock dev\` has no ${what}; use \`supabase start\` for it`,
  })

/** Statuses by SQLSTATE, whole or by its beginning; the longest that fits holds. The rest is 400. */
const statuses: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
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

const isDatabaseError = (error: unknown): error is DatabaseError =>
  typeof error === 'object' && error !== null && /^[0-9A-Z]{5}$/.test(String((error as DatabaseError).code))

/** What the database raised, as PostgREST answers it. `anonymous`: nobody is signed in, so a missing right may be a missing login. */
export function databaseFailure(error: unknown, anonymous: boolean): RestFailure | null {
  if (!isDatabaseError(error)) return null
  const { code, message, detail, hint } = error
  if (code === 'PGRST') return ownFailure(message, detail ?? '')
  const status = statusOf(code, anonymous)
  const body = { code, message, details: detail ?? null, hint: hint ?? null }
  if (status === 503) return new RestFailure(status, body, { 'Retry-After': '0' })
  return new RestFailure(status, body, status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {})
}

function statusOf(code: string, anonymous: boolean): number {
  if (/^PT[1-9]\d\d$/.test(code)) return Number(code.slice(2))
  if (code === '42501') return anonymous ? 401 : 403
  return statuses[code] ?? statuses[code.slice(0, 2)] ?? 400
}

/** `raise sqlstate 'PGRST'`: the function says itself what the response is, in JSON. */
function ownFailure(message: string, detail: string): RestFailure {
  try {
    const body = JSON.parse(message) as Record<string, string>
    const response = JSON.parse(detail) as { status: number; headers?: Record<string, string> }
    const { code = '', message: text = '', details = null, hint = null } = body
    return new RestFailure(response.status, { code, message: text, details, hint }, response.headers ?? {})
  } catch {
    return new RestFailure(500, {
      code: 'PGRST121',
      message: 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error',
    })
  }
}
