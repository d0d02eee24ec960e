import type { FunctionName, Rpc } from '../sql/index.ts'
import { apiFailure } from './failure.ts'
import type { ApiLike, ApiResult } from './like.ts'

/** Calls that do not use the lane: those that only read, and those that renew a lease, which must wait behind nothing. */
const beside: ReadonlySet<FunctionName> = new Set([
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
  'job_queue_dead',
  'job_queue_open_requests',
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
}
const LAST_RANK = 2

/** A call by POST to /rest/v1/rpc. @throws InterlockError as {@link apiFailure} says */
export function rpcOver(client: ApiLike, store: string, timeoutMs: number): Rpc {
  const lane = new Lane()
  const send: Rpc = (name, args) =>
    answerOf(() => client.rpc(name, args as never).abortSignal(AbortSignal.timeout(timeoutMs)), store)
  return (name, args) =>
    beside.has(name) ? send(name, args) : lane.run(ranks[name] ?? LAST_RANK, () => send(name, args))
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

interface Waiting {
  readonly rank: number
  readonly go: () => void
}

/**
 * Lets this process have one mutating call under way at a time: the user's front end needs the API's ten connections too. The
 * lowest rank goes first.
 */
class Lane {
  readonly #waiting: Waiting[] = []
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
    const first = this.#waiting.reduce<Waiting | undefined>(
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
