import { jobOf, type Ledger } from '../../core/index.ts'
import type { AppendAnswer, AppendRequest, DataRole, JobData } from '../../port/index.ts'
import type { AppendStore } from '../commit/appender.ts'

/** In one call of the store. */
const MOST_IDS = 1_000

/**
 * An append brings what handlers need of the jobs that it starts, but for the rows of the user's table, which it may not touch under the
 * queue's lock. So those are read at the same time, over another connection: else each hand-off of a job that was made of a row would be
 * two round trips, one after the other. What cannot be read now is read again by who needs it, and then told of.
 */
export function withRowsAhead(
  store: AppendStore & Pick<DataRole, 'data'>,
  ledger: () => Ledger,
): AppendStore {
  const { frugal, turn, deciding } = store
  // Of an append that is lost it would be for nothing.
  if (frugal === true) return store
  const append = async (request: AppendRequest): Promise<AppendAnswer> => {
    const ids = rowsOf(request, ledger())
    if (ids.length === 0) return store.append(request)
    const reading: Promise<readonly JobData[]> = store.data(request.queue, ids).catch(() => [])
    const answer = await store.append(request)
    if (!answer.ok) return answer
    return { ...answer, data: [...(answer.data ?? []), ...(await reading)] }
  }
  return {
    append,
    stage: (...args) => store.stage(...args),
    ...(turn === undefined ? undefined : { turn: (...args) => turn.apply(store, args) }),
    ...(deciding === undefined ? undefined : { deciding }),
  }
}

/**
 * Of the wanted jobs, those that may have come as a row: they have something beside the log that is no payload. Of a later attempt it has
 * to be read after the start: what the one before it notes until then counts.
 */
function rowsOf({ wanted = [] }: AppendRequest, ledger: Ledger): readonly string[] {
  const ids = wanted.filter((jobId) => {
    const job = jobOf(ledger, jobId)
    return job?.attempt === 0 && job.spec.hasData === true && job.spec.payloadHash === undefined
  })
  return ids.slice(0, MOST_IDS)
}
