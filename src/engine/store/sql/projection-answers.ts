import * as z from 'zod'
import { type JobRow, jobTypes } from '../../core/index.ts'
import { policySchema } from '../../events/index.ts'

const integer = z.int()
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
  cancel_requested: z.boolean(),
  blocked_by_job_id: text,
  blocked_on: text,
  conflict_reason: text,
})

export const projectionAnswer = z.object({ state: stateRow, jobs: z.array(jobRow) }).nullable()

/** A row that no fold could have written. It is returned as it is: `verify` and `rebuild` compare it and report it. */
const wrongRow = z.looseObject({ job_id: z.string() }).transform((row) => row as unknown as JobRow)

export const pageAnswer = z.object({ state: stateRow, jobs: z.array(z.union([jobRow, wrongRow])) }).nullable()
