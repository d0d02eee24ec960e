/** Where a job stands, for the customer's own page. About other jobs it says only how many there are. */
import { parseJobId } from '../../codec/index.ts'
import {
  type Explanation,
  explainJob,
  InterlockError,
  type Ledger,
  type ReasonCode,
} from '../../core/index.ts'
import { hasWorkerAmong } from '../../port/index.ts'
import type { PlaceDocument } from '../api/documents.ts'
import { json } from '../guard/headers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { type Typical, typicalOf } from './typical.ts'

/** Without the ids, keys and people that an operator's explanation names. */
const reasons: Readonly<Record<ReasonCode, string>> = {
  draining: 'the queue is draining; nothing starts until it is resumed',
  not_due: 'the job is not due yet',
  model_paused: 'a model it needs is paused',
  rate_limited: 'a model it needs has reached its rate',
  fair_share_limit: 'as many of its jobs are running as its share allows',
  model_in_use: 'a model it needs is in use',
  behind_in_line: 'it waits in line for a model',
  serialized: 'another job is running (one job at a time)',
  at_capacity: 'as many jobs are running as the policy allows',
  no_worker: 'no live worker has a free slot for its kind',
  offered: 'it may start; no worker has taken it yet',
}

/** @throws InterlockError `job_not_live` */
export async function placeOf(reader: QueueReader, jobId: string): Promise<Response> {
  const ledger = await reader.ledger()
  const workers = reader.workers ?? (await reader.lookForWorkers())
  const found = explainJob(ledger, parseJobId(jobId), reader.now(), hasWorkerAmong(workers))
  if (found === undefined)
    throw new InterlockError('job_not_live', `job ${jobId} is neither waiting nor active`)
  return json(placeDocument(reader.queue, found, ledger, await typicalOf(reader)))
}

function placeDocument(queue: string, found: Explanation, ledger: Ledger, typical: Typical): PlaceDocument {
  const { jobId, state, position, code } = found
  const models = found.models.map(({ model, ahead, holders, capacity }) => ({
    model,
    ahead: position === null ? null : ahead,
    running: holders.length,
    capacity,
  }))
  const seconds = estimate(found, ledger, typical)
  return {
    ...{ jobId, queue, state, position, models, code },
    reason: code === null ? 'it runs' : reasons[code],
    startsInSeconds: seconds === null ? null : Math.ceil(seconds),
  }
}

/** Codes under which a job waits for others to end. Only then can the answer say how many, and how long that takes. */
const inLine: ReadonlySet<ReasonCode | null> = new Set([
  'serialized',
  'at_capacity',
  'model_in_use',
  'behind_in_line',
])

/**
 * How many jobs have to end first, times how long such jobs took lately, divided by how many run at once. The longest line
 * counts.
 */
function estimate({ code, position, models }: Explanation, ledger: Ledger, typical: Typical): number | null {
  if (code === 'offered') return 0
  if (!inLine.has(code) || position === null) return null
  const wait = (ahead: number, running: number, places: number, seconds: number | undefined) =>
    seconds === undefined ? [] : [((ahead + 1 - Math.max(places - running, 0)) * seconds) / places]
  const { maxActive } = ledger.policy
  const waits = [
    ...models.flatMap(({ model, ahead, holders, capacity }) =>
      wait(ahead, holders.length, capacity, typical.byModel.get(model)),
    ),
    ...(maxActive === null ? [] : wait(position, ledger.active.size, maxActive, typical.all)),
  ]
  return waits.length === 0 ? null : Math.max(0, ...waits)
}
