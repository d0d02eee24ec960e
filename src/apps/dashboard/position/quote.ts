/** What would come of a job if it was put in line now. */

import { quoteOf } from '../../../engine/coordinator/quote.ts'
import type { EnqueueInput } from '../../../engine/events/index.ts'
import { askedOf } from '../../../tools/operate/quote.ts'
import type { QuoteAnswer } from '../api/job-documents.ts'
import { json } from '../guard/headers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { forecasterOf } from './position.ts'

/** Appends nothing. @param job as for `enqueue` @throws what `enqueue` throws */
export async function quoteFor(reader: QueueReader, job: unknown): Promise<Response> {
  const { store, queue } = reader
  const look = async () => {
    // Not older than what the store says of the job.
    await reader.look()
    const workers = reader.workers ?? (await reader.lookForWorkers())
    return askedOf({ ledger: await reader.ledger(), now: reader.now(), workers })
  }
  const sources = { store, queue, look, forecaster: forecasterOf(reader) }
  return json((await quoteOf(sources, job as EnqueueInput)) satisfies QuoteAnswer)
}
