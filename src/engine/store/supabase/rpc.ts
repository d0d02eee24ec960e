import { type ErrorCode, InterlockError, invalidInput } from '../../core/index.ts'
import { type FunctionName, type Rpc, storeFailure } from '../sql/index.ts'
import { unsendableKey } from './client.ts'
import type { ApiLike, ApiResult, SupabaseError } from './client-shape.ts'

/** Calls that do not wait in line: those that only read, and those that renew a lease, which must wait behind nothing. */
const outOfLine: ReadonlySet<FunctionName> = new Set([
  'job_queue_beat',
  'job_queue_leave',
  'job_queue_open',
  'job_queue_queues',
  'job_queue_read',
  'job_queue_projection',
  'job_queue_projection_page',
  'job_queue_worker_list',
  'job_queue_data_of',
  'job_queue_payloads',
  'job_queue_check_incoming',
  'job_queue_check_once',
  'job_queue_dead',
  'job_queue_incoming',
  'job_queue_endings',
  'job_queue_results',
  'job_queue_end_of',
  'job_queue_committed_ends',
  'job_queue_snapshot',
  'job_queue_snapshot_chunk',
  'job_queue_chain',
  'job_queue_kept',
  'job_queue_adoptable',
  'job_queue_backlog',
  'job_queue_checkup',
])

/** Which mutating calls go first; the others come after these. */
const ranks: Readonly<Partial<Record<FunctionName, number>>> = {
  job_queue_append: 0,
  job_queue_append_along: 0,
  job_queue_note: 1,
  job_queue_claim_arrivals: 1,
  job_queue_taken: 1,
  job_queue_answer_requests: 1,
  job_queue_settle: 1,
  job_queue_submit_call: 1,
  job_queue_submitted_call: 1,
  job_queue_cancel_submitted: 1,
  job_queue_cancel_submitted_after: 1,
}
const LAST_RANK = 2

/** A call by POST to /rest/v1/rpc. @throws InterlockError as {@link apiFailure} says */
export function rpcOver(client: ApiLike, store: string, timeoutMs: number): Rpc {
  const line = new CallLine()
  const send: Rpc = (name, args) =>
    answerOf(() => client.rpc(name, args as never).abortSignal(AbortSignal.timeout(timeoutMs)), store)
  return (name, args) =>
    outOfLine.has(name) ? send(name, args) : line.run(ranks[name] ?? LAST_RANK, () => send(name, args))
}

/** The data of an answer. supabase-js returns most errors and throws some: both become Interlock's. */
export async function answerOf(request: () => PromiseLike<ApiResult>, store: string): Promise<unknown> {
  let result: ApiResult
  try {
    result = await request()
  } catch (error) {
    throw apiFailure({ message: error instanceof Error ? error.message : String(error) }, 0, store)
  }
  if (result.error) throw apiFailure(result.error, result.status, store)
  return result.data
}

interface WaitingCall {
  readonly rank: number
  readonly go: () => void
}

/**
 * Lets this process have one mutating call under way at a time: the user's front end needs the API's ten connections too. The
 * lowest rank goes first.
 */
class CallLine {
  readonly #waiting: WaitingCall[] = []
  #busy = false

  async run<Out>(rank: number, work: () => Promise<Out>): Promise<Out> {
    if (this.#busy) await new Promise<void>((go) => this.#waiting.push({ rank, go }))
    this.#busy = true
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** It stays busy while the next one takes over, so that no other call gets in between. */
  #next(): void {
    const first = this.#waiting.reduce<WaitingCall | undefined>(
      (best, each) => (best === undefined || each.rank < best.rank ? each : best),
      undefined,
    )
    if (first === undefined) {
      this.#busy = false
      return
    }
    this.#waiting.splice(this.#waiting.indexOf(first), 1)
    first.go()
  }
}

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
    'put what `npx interlock-queue migrate --supabase` writes into the project (`supabase db push`); right after that, wait a second until PostgREST knows the functions',
  ],
  PGRST205: [
    'not_migrated',
    'put what `npx interlock-queue migrate --supabase` writes into the project (`supabase db push`)',
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
function apiFailure(error: SupabaseError, status: number, store: string): InterlockError {
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
function meaningOf(status: number, { code }: SupabaseError): Meaning | null {
  if (/^[0-9A-Z]{5}$/.test(code ?? '')) return null
  if (status === 401 || status === 403) return refusedKey
  if (status === 429) return ['store_unavailable', `the project refuses so many requests; ${again}`]
  if (status === 413)
    return ['invalid_input', 'the call is too big for the API; enqueue fewer jobs at a time']
  if (status === 404)
    return ['store_unavailable', `there is no such project at this address; check it; ${again}`]
  return ['store_unavailable', `check the address and whether the project is paused; ${again}`]
}

const retryAfterOf = ({ retryAfter }: SupabaseError) =>
  typeof retryAfter === 'number' ? { retryAfterMs: Math.ceil(retryAfter * 1_000) } : {}
