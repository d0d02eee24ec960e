import {
  type Explanation,
  explainJob,
  isInterlockError,
  isNext,
  type NoRange,
  type RecordedEvent,
  type StartRange,
  type StartsIn,
  startsIn,
} from '../../engine/core/index.ts'
import { checkCall, parseJobId } from '../../engine/events/index.ts'
import type { JobData } from '../../engine/store/index.ts'
import { type Opened, opened } from '../history/access.ts'
import { explanationDocument } from '../history/documents.ts'
import {
  type Access,
  type EventDocument,
  type ExplanationDocument,
  eventDocument,
  historyOf,
  type JobHistory,
} from '../history/index.ts'
import { forecasterOf, type Look, lookOf } from './look.ts'

/** What is kept of a job beside the log; null for what is not there. */
export type DataDocument = Readonly<Record<(typeof dataFields)[number], unknown>>

export const dataFields = [
  ...(['payload', 'progress', 'checkpoint', 'result', 'error', 'row'] as const),
  ...(['traceparent', 'tracestate', 'lastTraceparent'] as const),
] as const

/** What `explain` gives: the document that `interlock explain --json` prints. */
export type ExplainDocument = ExplanationDocument & StartsIn & RecordOfJob

/** What the log and the tables beside it have of a job. */
export interface RecordOfJob {
  /** The last 200 of its last life; only of a job that has ended. */
  readonly events?: readonly EventDocument[]
  /**
   * `{ payload, progress, checkpoint, result, error, row, traceparent, tracestate, lastTraceparent }`, only if you asked for it: what is kept beside
   * the log, its trace context (docs/reference/telemetry.md#how-the-context-travels), and that of its last attempt that did not complete.
   */
  readonly data?: DataDocument
}

export interface ExplainOptions {
  /** Include what is kept beside the log: payload, progress, checkpoint, result, error, and where its traces are. */
  readonly data?: boolean | undefined
}

/**
 * Says what is with a job: why it does not run and what has to happen, or how it ended; also of one that was submitted and is not in
 * the queue. Does not join the queue, and needs no process to be alive.
 * @param jobId its id, or the beginning of it if only one job has it
 * @throws InterlockError `invalid_input`; `job_not_live` if nobody has ever heard of it; `corrupt_log`, `unknown_event`;
 * `store_unavailable`
 * @example const { reason, whatHasToHappen } = await explain({ store }, 'report-1')
 */
export async function explain(
  given: Access,
  jobId: string,
  options: ExplainOptions = {},
): Promise<ExplainDocument> {
  const access = opened(given)
  checkCall('explain', jobId, options)
  const document = explainDocument(await explained(access, jobId))
  if (options.data !== true) return document
  const [kept] = await access.store.data(access.queue, [document.jobId])
  return { ...document, data: dataDocument(kept) }
}

/** What is with a job, and the events of its last life if it has ended. */
export interface ExplainedJob {
  readonly explanation: Explanation
  readonly events: readonly RecordedEvent[] | null
  readonly starts: StartsIn
  /** Of the error of its last attempt; null: it has not failed, or the error was deleted. */
  readonly message: string | null
}

export async function explained(given: Access, text: string): Promise<ExplainedJob> {
  const access = opened(given)
  const found = await foundBy(access, text)
  return { ...found, message: await messageOf(access, found.explanation) }
}

/** The error is kept with the job's data, and is that of the last attempt that reported one. */
async function messageOf({ store, queue }: Opened, { jobId, failed }: Explanation): Promise<string | null> {
  if (failed === null || failed.code === 'lease_expired' || failed.code === 'released') return null
  const [kept] = await store.data(queue, [jobId])
  const message = (kept?.error as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' ? message : null
}

type Found = Omit<ExplainedJob, 'message'>

async function foundBy(access: Opened, text: string): Promise<Found> {
  const exact = await lookFor(access, parseJobId(text))
  if (isWhole(exact)) return exact
  const past = await pastOf(access, text, exact)
  if (past === null) return exact as Found
  const { jobId, events } = past
  const other = jobId === text ? exact : await lookFor(access, jobId)
  return isWhole(other) ? other : ((await lookFor(access, jobId, events)) as Found)
}

interface Looked {
  readonly explanation: Explanation | undefined
  readonly events: readonly RecordedEvent[] | null
  readonly starts: StartsIn
  /** Live jobs whose ids begin so. */
  readonly begun: readonly string[]
}

/**
 * Nothing more can be found out. How a job ended that is archived, the archive in this database may know; and what nobody knows by this
 * id may be the beginning of another.
 */
const isWhole = (looked: Looked): looked is Looked & Found => isKnown(looked.explanation)

const isKnown = (explanation: Explanation | undefined): boolean =>
  explanation !== undefined &&
  explanation.state !== 'archived' &&
  (explanation.state !== 'unknown' || explanation.code !== null)

/** What is with the job that has exactly this id. @param archived its events, if they were read from the archive */
async function lookFor(access: Opened, jobId: string, archived?: readonly RecordedEvent[]): Promise<Looked> {
  const kept = await access.store.ofJob(access.queue, jobId)
  const facts = await lookOf(access, kept)
  const record = archived === undefined ? kept : { ...kept, events: archived, isArchived: true as const }
  const found = explainJob(facts, jobId, record)
  const hasEnded = found?.state === 'ended' || (found?.state === 'archived' && found.code !== null)
  const begun = [...facts.ledger.jobs].map((job) => job.jobId).filter((id) => id.startsWith(jobId))
  const range = found?.state === 'waiting' ? await rangeOf(access, facts, jobId) : null
  const starts = startsIn(range, found !== undefined && isNext(facts, found))
  return { explanation: found, events: hasEnded ? record.events : null, starts, begun }
}

/** If the end of the log cannot be read, everything else is still said. */
async function rangeOf(access: Opened, facts: Look, jobId: string): Promise<StartRange | NoRange | null> {
  try {
    return await forecasterOf(access).startIn(facts, jobId)
  } catch (error) {
    if (!isInterlockError(error)) throw error
    access.onNote(`nobody can tell when it starts: ${error.message}`)
    return null
  }
}

/** Goes through the log, and the archive in this database, for the only job whose id begins so. Null: it is known already. */
async function pastOf(
  access: Opened,
  text: string,
  { explanation, begun }: Looked,
): Promise<JobHistory | null> {
  try {
    return await historyOf(access, text, begun)
  } catch (error) {
    if (explanation !== undefined && isInterlockError(error, 'job_not_live')) return null
    throw error
  }
}

export function explainDocument({ explanation, events, starts, message }: ExplainedJob): ExplainDocument {
  const document = { ...explanationDocument(explanation, message), ...starts }
  return events === null ? document : { ...document, events: events.map(eventDocument) }
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
