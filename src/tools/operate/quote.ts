import type { Quote } from '../../engine/coordinator/index.ts'
import { type Asked, quoteOf } from '../../engine/coordinator/quote.ts'
import { decide } from '../../engine/core/index.ts'
import type { EnqueueInput } from '../../engine/events/index.ts'
import { opened } from '../history/access.ts'
import { explanationDocument } from '../history/documents.ts'
import type { Access, ExplanationDocument } from '../history/index.ts'
import { forecasterOf, type Look, lookAt } from './look.ts'

/** What `quote` gives: the document that `interlock quote --json` prints. */
export type QuoteDocument = Omit<Quote, 'explanation'> & {
  /** Of the job, or of the one that stands for it, if it was put in line now; null: that one has ended. */
  readonly explanation: ExplanationDocument | null
}

/**
 * Says what would come of a job if it was put in line now: whether it may start, else why it waits and behind which job, and when it
 * starts. Does not join the queue, and puts nothing in line.
 * @param job as for `enqueue`
 * @throws InterlockError as `enqueue`; `corrupt_log`, `unknown_event`; `store_unavailable`
 * @example const { isStartable, startsInSeconds } = await quote({ store }, { jobId: 'report-1', models: ['flux-dev'] })
 */
export async function quote(given: Access, job: EnqueueInput): Promise<QuoteDocument> {
  const access = opened(given)
  const { store, queue } = access
  const look = async () => askedOf(await lookAt(access))
  const { explanation, ...rest } = await quoteOf(
    { store, queue, look, forecaster: forecasterOf(access) },
    job,
  )
  return { ...rest, explanation: explanation && explanationDocument(explanation, null) }
}

/** A queue as somebody looked at it, for a question. */
export function askedOf({ ledger, now, workers }: Pick<Look, 'ledger' | 'now' | 'workers'>): Asked {
  const dead = workers.filter(({ state }) => state === 'dead').map(({ workerId }) => workerId)
  const surroundings = { now, deadWorkers: new Set(dead) }
  const preview: Asked['preview'] = (body, known) =>
    decide(ledger, [{ id: 'quote', hash: 0, workerId: 'quote', body }], { ...surroundings, ...known })
  return { ledger, now, workers, preview }
}
