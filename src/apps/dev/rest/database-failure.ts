import { RestFailure } from './failure.ts'
import { isStatus, raisedFailure } from './raised.ts'

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

/** An error with a severity is an answer of the database. Others, such as `EPIPE`, have none. */
const isDatabaseError = (error: unknown): error is DatabaseError =>
  error instanceof Error && 'severity' in error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code))

/**
 * PostgREST's answer to an error of the database. `anonymous`: nobody is signed in, so a missing privilege may mean a missing
 * login.
 */
export function databaseFailure(error: unknown, anonymous: boolean): RestFailure | null {
  if (!isDatabaseError(error)) return null
  const { code, message, detail, hint } = error
  if (code === 'PGRST') return raisedFailure(message, detail ?? null)
  const status = statusOf(code, message, anonymous)
  const body = { code, message, details: detail ?? null, hint: hint ?? null }
  if (status === 503) return new RestFailure(status, body, { 'Retry-After': '0' })
  return new RestFailure(status, body, status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {})
}

function statusOf(code: string, message: string, anonymous: boolean): number {
  if (code.startsWith('PT')) return isStatus(Number(code.slice(2))) ? Number(code.slice(2)) : 500
  if (code === '42501') return anonymous ? 401 : 403
  // An error of pg-safeupdate is a mistake of the client.
  if (code === '21000' && message.endsWith('requires a WHERE clause')) return 400
  if (code === '22023' && /^role.*does not exist$/s.test(message)) return 401
  return statuses[code] ?? statuses[code.slice(0, 2)] ?? 400
}
