import type { FunctionName, Rpc } from '../sql/index.ts'
import { apiFailure } from './failure.ts'
import { Lane } from './lane.ts'
import type { ApiResult, SupabaseLike } from './like.ts'

/** Calls that change something, and who goes first. What is not here reads, and takes no part in the lane. */
const ranks: Readonly<Partial<Record<FunctionName, number>>> = {
  job_queue_beat: 0,
  job_queue_leave: 0,
  job_queue_append: 1,
  job_queue_note: 2,
  job_queue_claim_arrivals: 2,
  job_queue_taken: 2,
  job_queue_adopt: 2,
  job_queue_answer_requests: 2,
  job_queue_drop: 3,
  job_queue_project: 3,
  job_queue_forget: 3,
  job_queue_rebuild: 3,
  job_queue_reproject: 3,
  job_queue_put_snapshot: 3,
  job_queue_start_chain: 3,
  job_queue_archive: 3,
  job_queue_archive_before: 3,
}

/** A call by POST to /rest/v1/rpc. @throws InterlockError as {@link apiFailure} says */
export function rpcOver(client: SupabaseLike, store: string, timeoutMs: number): Rpc {
  const lane = new Lane()
  const send: Rpc = (name, args) =>
    answerOf(() => client.rpc(name, args as never).abortSignal(AbortSignal.timeout(timeoutMs)), store)
  return (name, args) => {
    const rank = ranks[name]
    return rank === undefined ? send(name, args) : lane.run(rank, () => send(name, args))
  }
}

/** The data of an answer. supabase-js returns most failures and throws some; both come out as ours. */
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
