import { jobOf, type Ledger } from '../../core/index.ts'
import type { AppendAnswer, AppendRequest, DataRole, JobData } from '../../port/index.ts'
import type { AppendStore } from '../commit/appender.ts'

/** Ids in one call of the store. */
const MOST_IDS = 1_000

/**
 * An append brings the data that handlers need of the jobs that it starts, but not their rows in the user's table: it must not
 * touch that table under the queue's lock. So this reads the rows at the same time, over another connection. Otherwise each
 * hand-off of a job that came as a row would take two round trips, one after the other. If a row cannot be read now, its handler
 * reads it again, and reports the error.
 */
export function withRowsAhead(
  store: AppendStore & Pick<DataRole, 'data'>,
  ledger: () => Ledger,
): AppendStore {
  const { frugal, turn, deciding } = store
  // If the append is lost, the read is wasted.
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
 * The wanted jobs that may have come as a row: those that have data beside the log which is not a payload. Only first attempts:
 * what an attempt notes until its end counts for the next one, so that has to be read after the start.
 */
function rowsOf({ wanted = [] }: AppendRequest, ledger: Ledger): readonly string[] {
  const ids = wanted.filter((jobId) => {
    const job = jobOf(ledger, jobId)
    return job?.attempt === 0 && job.spec.hasData === true && job.spec.payloadHash === undefined
  })
  return ids.slice(0, MOST_IDS)
}
