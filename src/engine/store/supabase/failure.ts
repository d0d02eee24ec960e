import { type ErrorCode, InterlockError, invalidInput } from '../../core/index.ts'
import { storeFailure } from '../sql/index.ts'
import { unsendableKey } from './client.ts'
import type { ApiError } from './like.ts'

type Meaning = readonly [code: ErrorCode, remedy: string]

const again = 'Interlock tries again by itself'
const refusedKey: Meaning = [
  'store_unavailable',
  'the key is refused; give the secret key of this project (Project settings, API keys), and a new one if it was replaced',
]

/** PostgREST's own codes. Calls that failed with PGRST002 or 003 were not carried out; of other calls that is unknown. */
const meanings: Readonly<Record<string, Meaning>> = {
  PGRST202: [
    'not_migrated',
    'put what `interlock migrate --supabase` writes into the project (`supabase db push`); right after that, wait a second until PostgREST knows the functions',
  ],
  PGRST205: [
    'not_migrated',
    'put what `interlock migrate --supabase` writes into the project (`supabase db push`)',
  ],
  PGRST106: [
    'not_migrated',
    'the API of the project does not expose the schema public, where Interlock is; expose it (Project settings, Data API)',
  ],
  PGRST003: ['store_unavailable', `the API of the project has no connection left for 10 s; ${again}`],
  PGRST301: refusedKey,
  PGRST302: refusedKey,
  PGRST303: refusedKey,
  '42501': ['store_unwritable', 'the key may not run Interlock; give the secret key, not a browser key'],
}

/** The error of `fetch` for a header that it cannot send. It contains the header, and with it the key. */
const unsendable = /invalid header value|ByteString/i

/** Anything that looks like a key: servers and proxies often repeat what they refuse. */
const secrets = /\b(?:sb_(?:secret|publishable)_[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*)/g

/**
 * What an answer of the API means if it does not come from one of Interlock's functions. `store_unavailable` and `contention` may
 * pass. It is then unknown whether the call was carried out (an aborted one goes on): send it again under the same id.
 *
 * @param status the HTTP status; 0 if there was none
 */
export function apiFailure(error: ApiError, status: number, store: string): InterlockError {
  const whole = String(error.message || error.code || 'no answer')
  if (unsendable.test(whole)) return invalidInput(unsendableKey)
  const text = whole.replace(secrets, '…').slice(0, 300)
  const details = { status, ...(error.code ? { sqlstate: error.code } : {}), ...retryAfterOf(error) }
  const meaning = meanings[error.code ?? ''] ?? meaningOf(status, error)
  if (meaning) return new InterlockError(meaning[0], `${store}: ${text}; ${meaning[1]}`, details)
  const { code, message } = storeFailure({ code: error.code, message: text }, store)
  return new InterlockError(code, message, details)
}

/** The meaning of the status, for answers without an SQLSTATE. */
function meaningOf(status: number, { code }: ApiError): Meaning | null {
  if (/^[0-9A-Z]{5}$/.test(code ?? '')) return null
  if (status === 401 || status === 403) return refusedKey
  if (status === 429) return ['store_unavailable', `the project refuses so many requests; ${again}`]
  if (status === 413)
    return ['invalid_input', 'the call is too big for the API; enqueue fewer jobs at a time']
  if (status === 404)
    return ['store_unavailable', `there is no such project at this address; check it; ${again}`]
  return ['store_unavailable', `check the address and whether the project is paused; ${again}`]
}

const retryAfterOf = ({ retryAfter }: ApiError) =>
  typeof retryAfter === 'number' ? { retryAfterMs: Math.ceil(retryAfter * 1_000) } : {}
