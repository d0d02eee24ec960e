/** Where a job stands, for the customer's own page. About other jobs it says only how many there are. */

import { Forecaster, pastIn } from '../../../engine/coordinator/forecaster.ts'
import {
  InterlockError,
  isDoubtful,
  type JobPosition,
  jobOf,
  positionExplained,
  positionOfJob,
} from '../../../engine/core/index.ts'
import { parseJobId } from '../../../engine/events/index.ts'
import type { PositionDocument } from '../api/job-documents.ts'
import { explanationOf, factsOf } from '../api/reading.ts'
import { json } from '../guard/headers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'

/** One for all users of a queue. */
const forecasters = new WeakMap<QueueReader, Forecaster>()

/** @throws InterlockError `job_not_live` */
export async function positionOf(reader: QueueReader, given: string): Promise<Response> {
  const jobId = parseJobId(given)
  const known = await inLine(reader, jobId)
  const position = isDoubtful(known) ? await looked(reader, jobId, known) : known
  if (position === undefined)
    throw new InterlockError('job_not_live', `job ${jobId} is neither submitted, waiting nor active`)
  return json(position satisfies Readonly<Omit<PositionDocument, 'models'>>)
}

async function inLine(reader: QueueReader, jobId: string): Promise<JobPosition | undefined> {
  const facts = await factsOf(reader)
  const waits = jobOf(facts.ledger, jobId)?.active === false
  const range = waits ? await forecasterOf(reader).startOf(facts, jobId) : null
  return positionOfJob(facts, { queue: reader.queue, jobId, range })
}

/** It may have come into line meanwhile. */
async function looked(
  reader: QueueReader,
  jobId: string,
  known: JobPosition | undefined,
): Promise<JobPosition | undefined> {
  const { explanation } = await explanationOf(reader, jobId)
  return positionExplained(reader.queue, known, explanation) ?? inLine(reader, jobId)
}

export function forecasterOf(reader: QueueReader): Forecaster {
  const past = { ...pastIn(reader.store, reader.queue), read: reader.page.bind(reader) }
  const known = forecasters.get(reader) ?? new Forecaster(past)
  forecasters.set(reader, known)
  return known
}
