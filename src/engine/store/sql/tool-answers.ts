import * as z from 'zod'
import { type JobRow, jobTypes, lastLife } from '../../core/index.ts'
import { decodeEvents, policySchema } from '../../events/index.ts'
import { json } from './answers.ts'

const integer = z.int()

const command = z
  .object({
    request_id: z.string(),
    type: z.string(),
    at: integer,
    refusal: z.object({ code: z.string(), message: z.string(), at: integer }).nullable(),
    held: z.object({ code: z.string(), message: z.string() }).nullable().default(null),
  })
  .transform(({ request_id: requestId, ...row }) => ({ requestId, ...row }))

/** What `job_queue_of_job` answers. */
export const ofJobAnswer = z
  .object({
    version: integer,
    now: integer,
    archived_seq: integer,
    kept: z.boolean(),
    events: z.array(z.unknown()),
    voided: z.unknown(),
    commands: z.array(command),
    cut: z.boolean(),
    arrived_at: integer.nullable(),
    cancelled_at: integer.nullish(),
    not_taken_in: z.object({ reason: z.string(), at: integer }).nullable(),
    row: z.enum(['pending', 'running']).nullable(),
    behind: z
      .object({ events: integer, age_ms: integer.nullable() })
      .transform(({ events, age_ms: ageMs }) => ({ events, ageMs }))
      .nullable(),
  })
  .transform(({ events, voided, ...row }) => ({
    version: row.version,
    now: row.now,
    commands: row.commands,
    isCut: row.cut,
    arrivedAt: row.arrived_at,
    cancelledAt: row.cancelled_at ?? null,
    notTakenIn: row.not_taken_in,
    row: row.row,
    events: lastLife(decodeEvents(events, voided)),
    archivedSeq: row.archived_seq,
    isKept: row.kept,
    behind: row.behind,
  }))

const submittedBy = z.object({ commands: integer, rows: integer })

/** What `job_queue_list_submissions` answers. */
export const submissionsAnswer = z.array(z.object({ id: integer, job: json, at: integer }))

/** What `job_queue_submitted` answers. */
export const submittedAnswer = z.object({
  undecided: submittedBy
    .extend({ oldest_at: integer.nullable() })
    .transform(({ oldest_at: oldestAt, ...counts }) => ({ ...counts, oldestAt })),
  refused: submittedBy,
  jobs: z.array(
    z
      .object({
        job_id: z.string().nullable(),
        state: z.enum(['submitted', 'refused']),
        code: z.string(),
        at: integer,
        request_id: z.string().nullable(),
        message: z.string().nullable(),
      })
      .transform(({ job_id: jobId, request_id: requestId, ...row }) => ({ jobId, requestId, ...row })),
  ),
})

const ids = z.array(z.string())
const text = z.string().nullable()
const time = integer.nullable()

const stateRow = z.object({
  status: z.enum(['idle', 'running', 'draining']),
  version: integer,
  active_job_id: text,
  active_job_type: z.enum(jobTypes).nullable(),
  active_models: ids,
  active_count: integer,
  waiting_count: integer,
  policy: policySchema,
  servers: ids.nullable(),
  drained_at: time,
  updated_at: integer,
})

const jobRow = z.object({
  job_id: z.string(),
  state: z.enum(['waiting', 'active']),
  job_type: z.enum(jobTypes),
  kind: z.string(),
  models: ids,
  priority: integer,
  place_level: z.number(),
  place_order: integer,
  place_tie: z.number(),
  queued_at: integer,
  due_at: time,
  expires_at: time,
  attempt: integer,
  attempts: integer,
  postponed: integer,
  timeout_ms: integer,
  worker_id: text,
  fencing_token: time,
  started_at: time,
  asks: z.custom<JobRow['asks']>().default(null),
  places: z.custom<JobRow['places']>().default(null),
  whole: z.custom<JobRow['whole']>().default(null),
  cancel_requested: z.boolean(),
  blocked_by_job_id: text,
  blocked_on: text,
  conflict_reason: text,
})

export const projectionAnswer = z.object({ state: stateRow, jobs: z.array(jobRow) }).nullable()

/** A row that no fold could have written. It is returned as it is: `verify` and `rebuild` compare it and report it. */
const wrongRow = z.looseObject({ job_id: z.string() }).transform((row) => row as unknown as JobRow)

export const pageAnswer = z.object({ state: stateRow, jobs: z.array(z.union([jobRow, wrongRow])) }).nullable()
