import * as z from 'zod'
import { type EventType, failureCodes, jobTypes, reasonCodes, requeueReasons } from '../core/index.ts'
import { lazily } from './lazily.ts'
import { pauseReason } from './pause.ts'
import { policySchema } from './policy.ts'

const count = z.int().min(1)
const text = z.string().min(1)
const models = z.array(text)
const jobType = z.enum(jobTypes)

/** Facts every event may carry beside its own. */
const offers = { offers: z.union([z.literal(true), models]).optional() }

/** The columns of every row. Null and absent mean the same: SQL returns null, the write path leaves it out. */
const row = {
  seq: count,
  at: z.int(),
  command_id: z.string(),
  command_hash: z.int(),
  worker_id: text.nullish(),
}

// Strict: this release would drop the fact in an unknown key. A writer that adds a key raises the schema version.
const data = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.strictObject({ ...offers, ...shape })
const noData = data({}).nullish()

const event = <const Type extends EventType, Shape extends z.core.$ZodLooseShape>(type: Type, shape: Shape) =>
  z.object({ event_type: z.literal(type), ...row }).extend(shape)

const waited = {
  job_id: text,
  data: data({ reason: z.enum(reasonCodes), blocked_by: text.optional(), model: text.optional() }),
}

/** Written only when true; false means that a `requeued` follows. */
const final = z.literal(true).optional()

const spec = data({
  kind: text.optional(),
  priority: z.int().optional(),
  run_at: z.int().optional(),
  attempts: count.optional(),
  timeout_ms: count.optional(),
  expire_ms: count.optional(),
  fair_key: text.optional(),
  has_data: z.literal(true).optional(),
  asked: z.boolean().optional(),
  intake: z.literal(true).optional(),
  named: z.literal(true).optional(),
  payload_hash: z.int().min(0).optional(),
})

/** A row of the log, of the current shape. One discriminated union: a plain one is seven times slower. */
export const eventRowSchema = lazily(() =>
  z.discriminatedUnion('event_type', [
    event('queued', { job_id: text, job_type: jobType, models, data: spec.nullish() }),
    event('started', {
      job_id: text,
      models,
      worker_id: text,
      data: data({ attempt: count.optional() }).nullish(),
    }),
    event('completed', { job_id: text, data: data({ token: count }) }),
    event('blocked', waited),
    event('conflict', waited),
    event('failed', {
      job_id: text,
      data: data({ token: count, code: z.enum(failureCodes), final }),
    }),
    event('cancel_requested', { job_id: text, data: noData }),
    event('cancelled', { job_id: text, data: data({ token: count.optional() }).nullish() }),
    event('expired', { job_id: text, data: noData }),
    event('lease_expired', { job_id: text, worker_id: text, data: data({ token: count, final }) }),
    event('detached', { job_id: text, data: data({ token: count, until: z.int() }) }),
    event('requeued', {
      job_id: text,
      models: models.nullish(),
      data: data({ reason: z.enum(requeueReasons), run_at: z.int().optional() }),
    }),
    event('due', { job_id: text, data: noData }),
    event('asked', { job_id: text, data: data({ asker: text.optional() }).nullish() }),
    event('bypassed', { job_id: text, job_type: jobType, data: noData }),
    event('reprioritized', {
      job_id: text,
      data: data({ priority: z.int(), level: z.number(), order: z.int(), tie: z.number() }),
    }),
    event('policy_changed', { data: data({ policy: policySchema }) }),
    event('model_paused', {
      models: z.tuple([text]),
      data: data({ reason: pauseReason, until: z.int().optional() }),
    }),
    event('model_resumed', { models: z.tuple([text]), data: noData }),
    event('drain_requested', { data: noData }),
    event('drained', { data: noData }),
    event('resumed', { data: noData }),
    event('epoch_changed', { data: data({ epoch: count }) }),
    event('voided', { data: data({ of: count, as: z.record(z.string(), z.unknown()).optional() }) }),
  ]),
)

export type CheckedRow = z.infer<ReturnType<typeof eventRowSchema>>
