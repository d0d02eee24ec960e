import { RestFailure } from './failure.ts'

interface Message {
  readonly code: string
  readonly message: string
  readonly details: string | null
  readonly hint: string | null
}

interface Detail {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** `raise sqlstate 'PGRST'`: the function gives the response itself, in JSON. */
export function raisedFailure(message: string, detail: string | null): RestFailure {
  const body = messageOf(message)
  if (body === null) {
    return unreadable(
      `Invalid JSON value for MESSAGE: '${message}'`,
      "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
    )
  }
  const response = detail === null ? null : detailOf(detail)
  if (response === null) {
    return unreadable(
      detail === null
        ? 'DETAIL is missing in the RAISE statement'
        : `Invalid JSON value for DETAIL: '${detail}'`,
      "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.",
    )
  }
  return new RestFailure(response.status, body, response.headers)
}

const unreadable = (details: string, hint: string): RestFailure =>
  new RestFailure(500, {
    code: 'PGRST121',
    message: 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error',
    details,
    hint,
  })

function messageOf(text: string): Message | null {
  const { code, message, details = null, hint = null } = objectOf(text) ?? {}
  const isWhole = isText(code) && isText(message) && isTextOrNull(details) && isTextOrNull(hint)
  return isWhole ? { code, message, details, hint } : null
}

/** A status that an answer cannot have counts as none. */
function detailOf(text: string): Detail | null {
  const { status, headers } = objectOf(text) ?? {}
  if (!isStatus(status) || typeof headers !== 'object' || headers === null || Array.isArray(headers))
    return null
  return Object.values(headers).every(isText) ? { status, headers: { ...headers } } : null
}

/** Statuses that Node can send as the one answer to a request: not 1xx. */
export const isStatus = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 999

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value)
