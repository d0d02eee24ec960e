/** The events of the log, as the core has them. */
import * as z from 'zod'
import {
  eventTypes,
  failureCodes,
  type JobSpec,
  jobTypes,
  outcomes,
  overlapRules,
  type PolicyRule,
  policyEntries,
} from '../../../engine/core/index.ts'
import { specShape } from '../../../engine/events/index.ts'
import { anything, jobId, micros, seq } from './fields.ts'

export const specSchema = z.strictObject(specShape(() => true)) as unknown as z.ZodType<JobSpec>

/** The table of its fields describes a policy, for people who write programs: ranges are left to what `setPolicy` says. */
function describing(rule: PolicyRule): z.ZodType {
  const schema = plainly(rule)
  return 'orNull' in rule ? schema.nullable() : schema
}

function plainly(rule: PolicyRule): z.ZodType {
  if (rule.is === 'word') return z.enum(rule.words)
  if (rule.is === 'byModel') return z.record(z.string(), describing(rule.of))
  if (rule.is === 'oneOrMore') return z.union([describing(rule.each), z.array(describing(rule.each))])
  if (rule.is !== 'fields') return rule.is === 'whole' ? z.int() : z.number()
  return z.strictObject(
    Object.fromEntries(Object.entries(rule.fields).map(([name, part]) => [name, describing(part)])),
  )
}

const policy = z.strictObject(
  Object.fromEntries(
    policyEntries.map(([name, field]) => [
      name,
      field.since === undefined ? describing(field) : describing(field).optional(),
    ]),
  ),
)

export const eventSchema = z
  .strictObject({
    seq: z.int().min(1),
    at: micros,
    type: z.enum(eventTypes),
    commandId: z.string(),
    commandHash: z.number(),
    workerId: z.string().optional(),
    offers: z.array(jobId).optional(),
    jobId: jobId.optional(),
    jobType: z.enum(jobTypes).optional(),
    spec: specSchema.optional(),
    body: z.int().optional().describe('the hash of the spec, of a job that is enqueued once'),
    submission: z
      .int()
      .optional()
      .describe('its number, of a job that was committed in the transaction of its submitter'),
    standsFor: jobId.optional().describe('the job that has its key, so that it was not put in line'),
    key: z.string().optional().describe('a digest of its key'),
    hasData: z.literal(true).optional(),
    payloadHash: z.int().optional(),
    asked: z.boolean().optional(),
    intake: z.literal(true).optional(),
    due: micros.optional().describe('the due time of a schedule that was fired, or skipped from then on'),
    next: micros.nullish().describe('the due time that comes next'),
    nth: z.int().optional().describe('with due: jobs of others had its id, so it has another'),
    since: micros
      .optional()
      .describe('due times after that fire, of a schedule that was declared just before'),
    retryOf: seq.optional().describe('the queued event of the life that is tried again'),
    passesStay: z
      .literal(true)
      .optional()
      .describe('how often jobs were passed for loaded models stays with them'),
    schedule: z.string().optional(),
    owner: z.string().optional().describe('who declared the schedule'),
    revision: z.int().optional(),
    cron: z.string().optional(),
    tz: z.string().optional(),
    everyMs: z.int().optional(),
    upTo: z.int().optional(),
    withinMs: z.int().nullish(),
    overlap: z.enum(overlapRules).optional(),
    job: z
      .strictObject(specShape(({ ofSchedule }) => ofSchedule === true))
      .optional()
      .describe('what its jobs get'),
    named: z.literal(true).optional(),
    reason: z.string().optional(),
    blockedBy: jobId.nullable().optional(),
    model: z.string().nullable().optional(),
    models: z.array(z.string()).optional(),
    attempt: z.int().optional(),
    batch: z.int().optional().describe('the batch that the job started in: the number of its first start'),
    warm: z.number().optional().describe('the seconds of loading for which it passed others'),
    without: z.array(z.string()).optional().describe('kinds of those ahead that its process does not run'),
    keeps: z.int().optional().describe('how many models the process keeps loaded'),
    token: z.int().nullable().optional(),
    code: z.enum(failureCodes).optional(),
    final: z.boolean().optional(),
    until: micros.nullable().optional(),
    runAt: micros.nullable().optional(),
    asker: z.string().nullable().optional(),
    priority: z.int().optional(),
    position: z.strictObject({ level: z.number(), order: z.number(), tie: z.number() }).optional(),
    policy: policy.optional(),
    epoch: z.int().optional(),
    of: z.int().optional(),
    after: z.array(jobId).optional().describe('jobs that this one comes after'),
    goesOn: z.literal(true).optional().describe('it runs also if one of these does not complete'),
    outcome: z.enum(outcomes).optional().describe('how these had ended before; absent: they were live'),
    cause: jobId.optional().describe('where the failure began, of a job that failed with one it comes after'),
    parent: jobId.optional(),
    as: z.record(z.string(), anything).optional(),
  })
  .describe('an event of the log, as the core has it')

export const jobLogSchema = z.strictObject({
  queue: z.string(),
  jobId,
  archivedSeq: seq.describe('events up to this one are not in the log any more'),
  events: z.array(eventSchema).describe('of its last life, in order; 200 at most, the last ones'),
})
export type JobLogDocument = Readonly<Omit<z.infer<typeof jobLogSchema>, 'events'>>

export const logSchema = z.strictObject({
  queue: z.string(),
  version: seq,
  epoch: z.int(),
  now: micros,
  archivedSeq: seq.describe('events up to this one were archived'),
  events: z.array(eventSchema),
})

export const searchSchema = z.strictObject({
  queue: z.string(),
  events: z.array(eventSchema).describe('those that fit, the newest first'),
  operators: z
    .array(
      z.strictObject({
        workerId: z.string(),
        operator: z.string(),
        host: z.string().nullable(),
        command: z.string().nullable(),
      }),
    )
    .describe('who acted through which process, for those who may see data or act'),
  before: z.int().nullable().describe('where the next search goes on; null: nothing is left to look at'),
})
export type SearchDocument = Readonly<Omit<z.infer<typeof searchSchema>, 'events'>>
