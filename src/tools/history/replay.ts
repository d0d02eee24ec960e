import {
  explainLive,
  InterlockError,
  jobOf,
  type Ledger,
  type Micros,
  operand,
  projectionOf,
  type QueueFacts,
  type QueueStateValue,
  queueStateValueOf,
} from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { isoTime, isoTimeOrNull } from '../format/index.ts'
import { type Access, type Opened, opened } from './access.ts'
import {
  activeFirst,
  diagnosedDocument,
  diagnosedIn,
  type ExplanationDocument,
  explanationDocument,
  pausedModels,
  type StateDocument,
  stateDocument,
  type ToldDocument,
} from './documents.ts'
import { ledgerAt } from './fold.ts'
import { onlyOne } from './job-history.ts'
import { endingAt, type Point } from './log-point.ts'

/** A queue as it was. */
export interface Past {
  readonly queue: string
  readonly ledger: Ledger
  /** The moment that is shown; 0: before the first event. */
  readonly at: Micros
}

export interface ReplayOptions {
  /** After that event, or at that time; now unless given. */
  readonly at?: Point | undefined
  /** How many live jobs to show: a whole number from 1 to 1,000,000; 20 unless given. */
  readonly limit?: number | undefined
}

/** What `replay` gives: the document that `interlock replay --json` prints. */
export interface ReplayDocument extends StateDocument {
  /** Which queue. */
  readonly queue: string
  /** The moment that is shown; null: before the first event. */
  readonly at: string | null
  /** When the last event before it happened; null: there was none. */
  readonly lastEventAt: string | null
  /** The state of the queue's machine (docs/inside/state-machines.md). */
  readonly machine: QueueStateValue
  /** How many live jobs there were. */
  readonly total: number
  /** First the jobs that ran, then the line. */
  readonly jobs: readonly ToldDocument[]
}

/**
 * Shows the queue as it was at any time, from the log alone.
 * @throws InterlockError `invalid_input`; `corrupt_log`, `unknown_event`, `archived`; `store_unavailable`
 * @example const { jobs } = await replay({ store }, { at: new Date('2026-11-24T14:03:07Z') })
 */
export async function replay(given: Access, options: ReplayOptions = {}): Promise<ReplayDocument> {
  const access = opened(given)
  checkCall('replay', options)
  const { at, limit = 20 } = options
  return replayDocument(await pastOf(access, at), limit)
}

/** The queue as it was at any time, as a ledger and a moment. @throws as {@link replay} */
export async function pastOf(given: Access, point?: Point): Promise<Past> {
  const access = opened(given)
  const { queue } = access
  const asked = point === undefined ? await headOf(access) : await endingAt(access, 'at', point)
  const ledger = await ledgerAt(access, asked.seq)
  // A later event may have come in the very second that was asked for.
  return {
    queue,
    ledger,
    at: Math.max('asked' in asked ? (asked.asked ?? asked.at) : asked.at, ledger.lastAt),
  }
}

async function headOf({ store, queue }: Opened) {
  const { version, now } = await store.rows(queue, 0, 1)
  return { seq: version, at: now }
}

/** The rows of that moment: the queue, the running jobs, and the first live jobs in line order. */
export function lineOf({ ledger, at }: Past, limit: number) {
  const { state, jobs } = projectionOf(ledger)
  const rows = jobs.toSorted(activeFirst)
  const active = rows.filter((row) => row.state === 'active')
  return {
    rows: { state, active },
    total: rows.length,
    jobs: rows.slice(0, limit).map(diagnosedIn(factsOf(ledger, at))),
  }
}

/** Who worked at that time is not in the log. */
const factsOf = (ledger: Ledger, now: number): QueueFacts => ({ ledger, now, workers: null })

export function replayDocument(past: Past, limit: number): ReplayDocument {
  const { queue, ledger, at } = past
  const { rows, total, jobs } = lineOf(past, limit)
  return {
    queue,
    at: at === 0 ? null : isoTime(at),
    lastEventAt: isoTimeOrNull(ledger.version === 0 ? null : ledger.lastAt),
    machine: queueStateValueOf(ledger),
    ...stateDocument(rows, pausedModels(ledger), factsOf(ledger, at)),
    total,
    jobs: jobs.map(diagnosedDocument),
  }
}

/** What `replay` gives for one job: why it did not run then. */
export type ReplayedJobDocument = ExplanationDocument & { readonly version: number; readonly at: string }

/**
 * Says why a job did not run at that time.
 * @param text its id, or the beginning of it if only one live job has it
 * @throws InterlockError `job_not_live`; as {@link replay}
 */
export async function replayJob(
  given: Access,
  text: string,
  options: Pick<ReplayOptions, 'at'> = {},
): Promise<ReplayedJobDocument> {
  const access = opened(given)
  checkCall('replayJob', text, options)
  const past = await pastOf(access, options.at)
  const { ledger } = past
  return { version: ledger.version, at: isoTime(past.at), ...explanationDocument(explainedIn(past, text)) }
}

/** @throws InterlockError `job_not_live`; `invalid_input` if several ids begin with it */
export function explainedIn({ ledger, at }: Past, text: string) {
  const isWhole = jobOf(ledger, text) !== undefined
  const jobId = isWhole ? text : (onlyOne(text, beginningSo(ledger, text)) ?? text)
  const found = explainLive(factsOf(ledger, at), jobId)
  if (found !== undefined) return found
  throw new InterlockError(
    'job_not_live',
    `job ${jobId} was not live when the log had ${ledger.version} events; see when it was: npx interlock-queue explain ${operand(jobId)}`,
  )
}

const beginningSo = (ledger: Ledger, text: string): readonly string[] =>
  [...ledger.jobs].map(({ jobId }) => jobId).filter((id) => id.startsWith(text))
