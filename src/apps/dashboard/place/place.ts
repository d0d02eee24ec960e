/** Where a job stands, for the customer's own page. About other jobs it says only how many there are. */

import { InterlockError, placeOfJob } from '../../../engine/core/index.ts'
import { parseJobId } from '../../../engine/events/index.ts'
import type { PlaceDocument } from '../api/job-documents.ts'
import { factsOf } from '../api/reading.ts'
import { json } from '../guard/headers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { typicalOf } from './typical.ts'

/** @throws InterlockError `job_not_live` */
export async function placeOf(reader: QueueReader, given: string): Promise<Response> {
  const facts = await factsOf(reader)
  const jobId = parseJobId(given)
  const place = placeOfJob(facts, { queue: reader.queue, jobId, typical: await typicalOf(reader) })
  if (place === undefined)
    throw new InterlockError('job_not_live', `job ${jobId} is neither waiting nor active`)
  return json(place satisfies Readonly<Omit<PlaceDocument, 'models'>>)
}
