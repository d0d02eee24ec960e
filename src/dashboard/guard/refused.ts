import {
  type ErrorCode,
  type InterlockError,
  isInterlockError,
  isPassing,
  isRefusal,
} from '../../core/index.ts'

/** Why a request is not answered; the codes of the queue beside those of the guard. */
export type RefusalCode = GuardCode | ErrorCode

/** What the guard says; programs branch on it. */
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
  'failed',
] as const
export type GuardCode = (typeof guardCodes)[number]

/** What is sent in the place of an answer. */
export interface RefusalDocument {
  readonly error: { readonly code: RefusalCode; readonly message: string }
}

/** An answer that is a refusal, thrown from however deep. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: RefusalCode
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: RefusalCode,
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

/** What a failure of the queue is to a client; undefined: nothing that a client may be told of. */
export function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error
  if (!isInterlockError(error)) return undefined
  const { code, message } = error satisfies InterlockError
  const status = statusOf[code] ?? (isRefusal(error) ? 422 : isPassing(error) ? 503 : 500)
  return new Refused(status, code, message, status === 503 ? { 'retry-after': '1' } : {})
}
