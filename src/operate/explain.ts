import { parseJobId } from '../codec/index.ts'
import { type Explanation, explainJob, type RecordedEvent } from '../core/index.ts'
import {
  type Access,
  type EventDocument,
  type ExplanationDocument,
  eventDocument,
  historyOf,
} from '../history/index.ts'
import { explanationDocument, opened } from '../history/parts.ts'
import type { JobData } from '../port/index.ts'
import { type Look, lookAt } from './look.ts'

/** A job that has ended, with the events of its last life. */
export interface EndedDocument {
  readonly jobId: string
  readonly state: 'ended'
  readonly events: readonly EventDocument[]
}

/** What is kept of a job beside the log; null for what is not there. */
export type DataDocument = Readonly<Record<(typeof dataFields)[number], unknown>>

export const dataFields = [
  ...(['payload', 'progress', 'checkpoint', 'result', 'error', 'row'] as const),
  ...(['traceparent', 'tracestate', 'lastTraceparent'] as const),
] as const

/** What `explain` gives: the document that `interlock explain --json` prints. `data` is there only if you asked for it. */
export type ExplainDocument = (ExplanationDocument | EndedDocument) & { readonly data?: DataDocument }

export interface ExplainOptions {
  /** Include what is kept beside the log: payload, progress, checkpoint, result, error, and where its traces are. */
  readonly data?: boolean | undefined
}

/**
 * Says why a job does not run, which job it waits for, and what has to happen; or how it ended. Does not join the queue.
 * @param jobId its id, or the beginning of it if only one job has it
 * @throws InterlockError `invalid_input`; `job_not_live` if the log has never heard of it; `corrupt_log`, `unknown_event`;
 * `store_unavailable`
 * @example const { reason, whatHasToHappen } = await explain({ store }, 'report-1')
 */
export async function explain(
  given: Access,
  jobId: string,
  { data = false }: ExplainOptions = {},
): Promise<ExplainDocument> {
  const access = opened(given)
  const document = explainDocument(await told(access, jobId))
  if (!data) return document
  const [kept] = await access.store.data(access.queue, [document.jobId])
  return { ...document, data: dataDocument(kept) }
}

/** What is known of a job: why it does not run, or how it ended. */
export type ToldOfJob =
  | { readonly jobId: string; readonly live: Explanation }
  | { readonly jobId: string; readonly live: null; readonly events: readonly RecordedEvent[] }

export async function told(given: Access, text: string): Promise<ToldOfJob> {
  parseJobId(text)
  const access = opened(given)
  const look = await lookAt(access)
  const live = liveIn(look, text)
  if (live !== undefined) return live
  const ids = [...look.ledger.jobs].map(({ jobId }) => jobId).filter((id) => id.startsWith(text))
  const { jobId, events } = await historyOf(access, text, ids)
  // The text begins the id of one live job, and of no other job that the log knows.
  const begun = jobId === text ? undefined : liveIn(look, jobId)
  return begun ?? { jobId, live: null, events }
}

function liveIn({ ledger, now, hasWorker }: Look, jobId: string): ToldOfJob | undefined {
  const live = explainJob(ledger, jobId, now, hasWorker)
  return live === undefined ? undefined : { jobId, live }
}

export function explainDocument(found: ToldOfJob): ExplanationDocument | EndedDocument {
  if (found.live !== null) return explanationDocument(found.live)
  return { jobId: found.jobId, state: 'ended', events: found.events.map(eventDocument) }
}

export const dataDocument = (data: JobData | undefined): DataDocument => ({
  payload: data?.payload ?? null,
  progress: data?.progress ?? null,
  checkpoint: data?.checkpoint ?? null,
  result: data?.result ?? null,
  error: data?.error ?? null,
  row: data?.row ?? null,
  traceparent: data?.trace?.traceparent ?? null,
  tracestate: data?.trace?.tracestate ?? null,
  lastTraceparent: data?.trace?.last ?? null,
})
