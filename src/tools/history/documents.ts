import {
  type Diagnosis,
  defaultPolicy,
  diagnosisOf,
  type Explanation,
  faultOf,
  type JobRow,
  type JobSpec,
  jobOf,
  type Ledger,
  MICROS_PER_SECOND,
  type Micros,
  type Operator,
  type Pause,
  type Policy,
  type QueueFacts,
  type RecordedEvent,
  type StateRow,
  type Tries,
} from '../../engine/core/index.ts'
import { readingEvent } from '../../engine/events/index.ts'
import { isoTime, isoTimeOrNull, plural, timeText } from '../format/index.ts'
import { operatorText } from './operators.ts'

/** What a job was enqueued with: times as ISO texts. */
export interface SpecDocument extends Omit<JobSpec, 'runAt'> {
  /** When it may start; null: at once. */
  readonly runAt: string | null
}

export const specDocument = (spec: JobSpec): SpecDocument => ({ ...spec, runAt: isoTimeOrNull(spec.runAt) })

/** An event with everything that is recorded: times as ISO texts. */
export type EventDocument = ReturnType<typeof eventDocument>

export const eventDocument = (event: RecordedEvent) => readingEvent(event, 'event', documentOf)

function documentOf({ at, commandHash: _, ...event }: RecordedEvent) {
  return {
    ...event,
    at: isoTime(at),
    ...('until' in event ? { until: isoTimeOrNull(event.until) } : {}),
    ...('runAt' in event ? { runAt: isoTimeOrNull(event.runAt) } : {}),
    ...('spec' in event ? { spec: specDocument(event.spec) } : {}),
  }
}

/** A live job in the words of the TypeScript API: times as ISO texts. */
export interface JobDocument extends Tries, LineStanding {
  /** Which job. */
  readonly jobId: string
  /** `waiting` or `active`. */
  readonly state: JobRow['state']
  /** What it was enqueued with: `normal`, unless it was a workflow of the first coordinator. */
  readonly jobType: JobRow['job_type']
  /** Its kind. */
  readonly kind: string
  /** The models that it needs. */
  readonly models: readonly string[]
  /** Its priority. */
  readonly priority: number
  /** When it came. */
  readonly queuedAt: string | null
  /** When it may start; null: it may now, as far as time goes. */
  readonly dueAt: string | null
  /** When its attempt started; null: none runs. */
  readonly startedAt: string | null
  /** When its waiting ends, or its attempt times out. */
  readonly expiresAt: string | null
  /** The process that runs it; null: none does, or it is detached. */
  readonly workerId: string | null
  /** Whether it goes on without a process: `detach` was called. */
  readonly detached: boolean
  /** The token of its attempt; null: none runs. */
  readonly fencingToken: number | null
  /** Those of its models that it has alone (docs/inside/conflict-rules.md#shared-and-exclusive); null: none. */
  readonly whole: readonly string[] | null
  /** What it asks of a place of one of its models (docs/guides/gpus.md#several-jobs-on-a-card). */
  readonly asks: JobRow['asks']
  /** While it is active, the place (docs/guides/gpus.md) of each of its models that has places. */
  readonly places: JobRow['places']
  /** Whether it was asked to stop. */
  readonly cancelRequested: boolean
  /** The job behind which it waits; null: none. */
  readonly blockedBy: string | null
  /** Why it waits; null: it does not, or has just come. */
  readonly reason: string | null
}

const jobDocument = (row: JobRow): JobDocument => ({
  jobId: row.job_id,
  state: row.state,
  jobType: row.job_type,
  kind: row.kind,
  models: row.models,
  priority: row.priority,
  queuedAt: isoTimeOrNull(row.queued_at),
  ...standingOf(row),
  dueAt: isoTimeOrNull(row.due_at),
  startedAt: isoTimeOrNull(row.started_at),
  expiresAt: isoTimeOrNull(row.expires_at),
  attempt: row.attempt,
  attempts: row.attempts,
  postponed: row.postponed,
  workerId: row.worker_id,
  detached: row.state === 'active' && row.worker_id === null,
  fencingToken: row.fencing_token,
  whole: row.whole,
  asks: row.asks,
  places: row.places,
  cancelRequested: row.cancel_requested,
  blockedBy: row.blocked_by_job_id,
  reason: row.conflict_reason,
})

/** How a job's position in line comes about. */
export interface LineStanding {
  /** 0; under strict priority (`ageSeconds: null`) the negated priority. A lower one goes first, however long others wait. */
  readonly level: number
  /** Within a level the job stands as if it had come this many seconds earlier than it did (priority, a move), or later where it is negative (fair share). */
  readonly aheadSeconds: number
}

export const standingOf = (row: JobRow): LineStanding => ({
  level: row.place_level,
  aheadSeconds: (row.queued_at - row.place_order) / MICROS_PER_SECOND,
})

/** The order of the line, as in `job_queue_jobs`. */
export const inLineOrder = (a: JobRow, b: JobRow): number =>
  a.place_level - b.place_level || a.place_order - b.place_order || a.place_tie - b.place_tie

/** A paused model: no job that needs it starts. */
export interface PausedModel extends Omit<Pause, 'hash' | 'jobs'> {
  /** Who that was; null: it was not noted, or nobody has looked, as in `replay`. */
  readonly who: Operator | null
  /** How many jobs wait because of it. */
  readonly held: number
}

/** @param operators who acted through the processes that paused them, if somebody has looked */
export const pausedModels = (
  { pauses }: Pick<Ledger, 'pauses'>,
  operators?: QueueFacts['operators'],
): readonly PausedModel[] =>
  [...pauses]
    .map(({ hash: _, jobs, ...pause }) => ({
      ...pause,
      who: operators?.get(pause.by ?? '') ?? null,
      held: jobs.size,
    }))
    .sort((a, b) => (a.model < b.model ? -1 : 1))

/** A pause of a model: times as ISO texts. */
export interface PauseDocument extends Omit<PausedModel, 'since' | 'until'> {
  /** Since when. */
  readonly since: string
  /** When it ends; null: when somebody resumes the model. */
  readonly until: string | null
}

export const pausedDocument = ({ since, until, ...pause }: PausedModel): PauseDocument => ({
  ...pause,
  since: isoTime(since),
  until: isoTimeOrNull(until),
})

/** `flux-dev (provider_down) by ada on db-7 until 14:03:07, 3 jobs held`. */
export const pausedText = ({ model, reason, who, by, until, held }: PausedModel): string =>
  `${model} (${reason}) ${who === null ? nameless(by) : `by ${operatorText(who)} `}${untilText(until)}${held === 0 ? '' : `, ${plural(held, 'job')} held`}`

/** The id of the process: its person was not noted, or was deleted. */
const nameless = (by: string | null | undefined): string => (by == null ? '' : `by ${by} `)

export const untilText = (until: Micros | null): string =>
  until === null ? 'until it is resumed' : `until ${timeText(until)}`

/** The row of a queue, and the rows of its running jobs. */
export interface RunningRows {
  readonly state: StateRow
  /** In any order. */
  readonly active: readonly JobRow[]
}

/** What a queue was doing at one moment. */
export interface StateDocument {
  /** `idle`, `running` or `draining`. */
  readonly status: StateRow['status']
  /** How many events the log had. */
  readonly version: number
  /** How many jobs run. */
  readonly activeCount: number
  /** How many jobs wait. */
  readonly waitingCount: number
  /** The models in use. */
  readonly activeModels: readonly string[]
  /** The one in force. */
  readonly policy: Policy
  /** The paused models; null: the log cannot be read. */
  readonly paused: readonly PauseDocument[] | null
  /** Since when a drained queue is at rest; null: it is not. */
  readonly drainedAt: string | null
  /** When the last event happened; null: there was none. */
  readonly updatedAt: string | null
  /** The jobs that run, the oldest start first. */
  readonly active: readonly RunningDocument[]
}

/** A job that runs, and what is wrong with it. */
export interface RunningDocument extends JobDocument {
  /** `late` (its worker misses its heartbeats), `lost` (its worker is gone), `overdue` (past its time); null: nothing is wrong, or nobody knows. */
  readonly code: ReturnType<typeof faultOf>
}

/** What the rows alone do not say of jobs that run: when it is, and which processes there are; null: not known, as for the past. */
export type Around = Pick<QueueFacts, 'now' | 'workers' | 'ending'>

/** What keeps a running job; null: nothing does. */
export const faultIn =
  (around: Around) =>
  (row: JobRow): ReturnType<typeof faultOf> =>
    around.ending?.has(row.job_id) === true ? null : faultOf(around, row.worker_id, row.expires_at)

/**
 * What a queue was doing at one moment. A queue that nobody has opened is idle.
 * @param paused null: unknown, since the log could not be read
 */
export function stateDocument(
  rows: RunningRows | null,
  paused: readonly PausedModel[] | null,
  around: Around,
): StateDocument {
  const state = rows?.state
  return {
    status: state?.status ?? 'idle',
    version: state?.version ?? 0,
    activeCount: state?.active_count ?? 0,
    waitingCount: state?.waiting_count ?? 0,
    activeModels: state?.active_models ?? [],
    policy: state?.policy ?? defaultPolicy,
    paused: paused?.map(pausedDocument) ?? null,
    drainedAt: isoTimeOrNull(state?.drained_at ?? null),
    updatedAt: isoTimeOrNull(state?.version ? state.updated_at : null),
    active: oldestFirst(rows?.active ?? []).map((row) => ({
      ...jobDocument(row),
      code: faultIn(around)(row),
    })),
  }
}

/** Active jobs, the oldest start first. */
export const oldestFirst = (active: readonly JobRow[]): readonly JobRow[] =>
  active.toSorted((a, b) => (a.fencing_token ?? 0) - (b.fencing_token ?? 0))

/** What is with a job: times as ISO texts. */
export type ExplanationDocument = ReturnType<typeof explanationDocument>

/** @param message of the error of its last attempt, which is kept beside the log; null: not known, or there was none */
export const explanationDocument = (
  { models, since, until, failed, ...found }: Explanation,
  message: string | null = null,
) => ({
  ...found,
  since: isoTimeOrNull(since),
  until: isoTimeOrNull(until),
  failed: failed === null ? null : { ...failed, at: isoTime(failed.at), message },
  models: models.map(({ paused, ...standing }) => ({
    ...standing,
    paused:
      paused === null
        ? null
        : { ...paused, since: isoTime(paused.since), until: isoTimeOrNull(paused.until) },
  })),
})

/** Live jobs in the order people want: those that run, then those that wait, in line order. */
export const activeFirst = (a: JobRow, b: JobRow): number =>
  a.state === b.state ? inLineOrder(a, b) : a.state === 'active' ? -1 : 1

/** A live job, and what keeps it at this moment. */
export interface DiagnosedJob {
  readonly row: JobRow
  readonly diagnosis: Diagnosis
}

/** What keeps a job of this queue, as `explain` says it. */
export const diagnosedIn =
  (facts: QueueFacts) =>
  (row: JobRow): DiagnosedJob => {
    const job = jobOf(facts.ledger, row.job_id)
    return { row, diagnosis: job === undefined ? nothing : diagnosisOf(facts, job) }
  }

const nothing: Diagnosis = { code: null, reason: '', blockedBy: null, until: null }

/** A live job, what keeps it, and until when, if that is known. */
export interface ToldDocument extends JobDocument {
  /** Why it waits, or what is wrong with it (docs/inside/conflict-rules.md#state-and-code-of-a-job); null: nothing. */
  readonly code: Diagnosis['code']
  /** When time alone ends that; null: something has to happen, or nobody knows when. */
  readonly until: string | null
}

export function diagnosedDocument({ row, diagnosis }: DiagnosedJob): ToldDocument {
  const { code, reason, blockedBy, until } = diagnosis
  const why = code === null ? null : reason
  return { ...jobDocument(row), code, reason: why, blockedBy, until: isoTimeOrNull(until) }
}
