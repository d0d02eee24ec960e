import {
  type ErrorCode,
  type InterlockError,
  isInterlockError,
  isPassing,
  isRefusal,
} from '../../../engine/core/index.ts'

/** Why a request is refused: the guard's own codes, and those of the queue. */
export type HttpRefusalCode = GuardCode | ErrorCode

/** The guard's codes, for programs. */
export const guardCodes = [
  'bad_request',
  'bad_host',
  'bad_origin',
  'not_signed_in',
  'not_allowed',
  'not_found',
  'method_not_allowed',
  'too_large',
  'too_far',
  'too_many',
  'overtaken',
  'failed',
] as const
export type GuardCode = (typeof guardCodes)[number]

/** The body of a refusal. */
export interface RefusalDocument {
  readonly error: { readonly code: HttpRefusalCode; readonly message: string }
}

/** A refusal as an error: throw it from anywhere. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: HttpRefusalCode
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: HttpRefusalCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

const statusOf: Partial<Readonly<Record<ErrorCode, number>>> = {
  unknown_queue: 404,
  job_not_live: 404,
  archived: 410,
}

/** The refusal for an error of the queue; undefined: clients must not be told. */
export function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error
  if (!isInterlockError(error)) return undefined
  const { code, message } = error satisfies InterlockError
  const status = statusOf[code] ?? (isRefusal(error) ? 422 : isPassing(error) ? 503 : 500)
  return new Refused(status, code, message, status === 503 ? { 'retry-after': '1' } : {})
}
