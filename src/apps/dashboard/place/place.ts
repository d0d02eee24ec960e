/** Where a job stands, for the customer's own page. About other jobs it says only how many there are. */

import {
  explainLive,
  InterlockError,
  type LiveCode,
  type LiveExplanation,
} from '../../../engine/core/index.ts'
import { parseJobId } from '../../../engine/events/index.ts'
import type { PlaceDocument } from '../api/job-documents.ts'
import { factsOf } from '../api/reading.ts'
import { json } from '../guard/headers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { type Starts, startsOf } from './estimate.ts'
import { typicalOf } from './typical.ts'

/** Without the ids, keys and people that an operator's explanation names. */
const reasons: Readonly<Record<LiveCode, string>> = {
  draining: 'the queue is draining; nothing starts until it is resumed',
  not_due: 'the job is not due yet',
  model_paused: 'a model it needs is paused',
  rate_limited: 'a model it needs has reached its rate',
  fair_share_limit: 'as many of its jobs are running as its share allows',
  model_in_use: 'a model it needs is in use',
  behind_in_line: 'it waits in line for a model',
  serialized: 'another job goes first (one job at a time)',
  at_capacity: 'as many jobs go first as the policy allows at once',
  no_worker: 'no live worker has a free slot for its kind',
  offered: 'it may start; no worker has taken it yet',
  late: 'it runs, and its process has missed its heartbeats',
  lost: 'the process that ran it is gone; the job is given back',
  overdue: 'its time is over; no process has recorded it yet',
}

/** @throws InterlockError `job_not_live` */
export async function placeOf(reader: QueueReader, jobId: string): Promise<Response> {
  const { ledger, now, workers } = await factsOf(reader)
  const found = explainLive({ ledger, now, workers }, parseJobId(jobId))
  if (found === undefined)
    throw new InterlockError('job_not_live', `job ${jobId} is neither waiting nor active`)
  return json(placeDocument(reader.queue, found, startsOf(found, ledger, await typicalOf(reader), now)))
}

function placeDocument(queue: string, found: LiveExplanation, starts: Starts | null): PlaceDocument {
  const { jobId, state, position, code } = found
  const models = found.models.map(({ model, ahead, holders, capacity }) => ({
    model,
    ahead: position === null ? null : ahead,
    running: holders.length,
    capacity,
  }))
  return {
    jobId,
    queue,
    state,
    position,
    models,
    code,
    reason: code === null ? 'it runs' : reasons[code],
    startsInSeconds: roundedBy(Math.ceil, starts?.seconds),
    startsFromSeconds: roundedBy(Math.floor, starts?.from),
    startsToSeconds: roundedBy(Math.ceil, starts?.to),
  }
}

const roundedBy = (round: (value: number) => number, seconds: number | null | undefined): number | null =>
  seconds == null ? null : round(seconds)
