/** The events of the log, as the core has them. */
import * as z from 'zod'
import {
  eventTypes,
  failureCodes,
  type JobSpec,
  jobTypes,
  outcomes,
  overlapRules,
  type PolicyField,
  type PolicyRule,
  policyEntries,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { specShape } from '../../../engine/events/index.ts'
import { anything, jobId, micros, operatorShape, queueName, seq } from './fields.ts'

export const specSchema = z.strictObject(specShape(() => true)) as unknown as z.ZodType<JobSpec>

/** The table of its fields describes a policy, for people who write programs: ranges are left to what `setPolicy` says. */
function describing(rule: PolicyRule & Pick<PolicyField, 'says'>): z.ZodType {
  const schema = 'orNull' in rule ? plainly(rule).nullable() : plainly(rule)
  return rule.says === undefined ? schema : schema.describe(rule.says)
}

function plainly(rule: PolicyRule): z.ZodType {
  switch (rule.is) {
    case 'word':
      return z.enum(rule.words)
    case 'whole':
      return z.int()
    case 'seconds':
      return z.number()
    case 'places':
      return z.union([z.int(), z.array(z.string())])
    case 'units':
      return z.record(z.string(), z.int())
    case 'byModel':
      return z.record(z.string(), describing(rule.of))
    case 'oneOrMore':
      return z.union([describing(rule.each), z.array(describing(rule.each))])
    case 'fields':
      return z.strictObject(
        Object.fromEntries(
          Object.entries(rule.fields).map(([name, part]) => [
            name,
            part.optional || part.in ? describing(part).optional() : describing(part),
          ]),
        ),
      )
  }
}

/** A log may have been written before a field with `since` was there. */
export const policySchema = z
  .strictObject(
    Object.fromEntries(
      policyEntries.map(([name, field]) => [
        name,
        field.since === undefined ? describing(field) : describing(field).optional(),
      ]),
    ),
  )
  .describe('the rules of a queue, by which jobs start')

/** The names of the fields of any of these types. */
type FieldOf<Of> = Of extends unknown ? keyof Of & string : never

const text = z.string()
const count = z.int()
const amounts = z.record(text, count)
/** Facts of one or several types of events; `seq`, `at`, `type` and the command are of all. */
const eventShape = {
  seq: z.int().min(1).describe('1, 2, 3 … in each queue, without gaps'),
  at: micros.describe('its time, in microseconds since 1970; no two events of a queue have the same'),
  type: z.enum(eventTypes).describe('what happened'),
  commandId: text.describe('the command that caused it'),
  commandHash: z.number().describe('a hash of that command'),
  workerId: text.optional().describe('the process that did it'),
  offers: z.array(jobId).optional().describe('jobs that may start since this event'),
  jobId: jobId.optional().describe('the job that it is about'),
  jobType: z.enum(jobTypes).optional().describe('of a job without models that ran outside the queue'),
  spec: specSchema.optional().describe('of queued: what the job was enqueued with'),
  body: count.optional().describe('the hash of the spec, of a job that is enqueued once'),
  submission: count
    .optional()
    .describe('its number, of a job that was committed in the transaction of its submitter'),
  standsFor: jobId.optional().describe('the job that has its key, so that it was not put in line'),
  key: text.optional().describe('a digest of its key'),
  once: count.optional().describe('how long its id is taken, in milliseconds; 0: without end'),
  hasData: z
    .literal(true)
    .optional()
    .describe('something is kept for the job beside the log, such as a payload'),
  payloadHash: count.optional().describe('the hash of its payload'),
  asked: z.boolean().optional().describe('the process that enqueued it waits for it at the gate'),
  intake: z.literal(true).optional().describe('it came as a row of your table `jobs`'),
  due: micros
    .optional()
    .describe(
      'the due time of a schedule that was fired, or skipped from then on, in microseconds since 1970',
    ),
  next: micros.nullish().describe('the due time that comes next, in microseconds since 1970'),
  nth: count.optional().describe('with due: jobs of others had its id, so it has another'),
  since: micros
    .optional()
    .describe(
      'due times after that, in microseconds since 1970, fire: of a schedule that was declared just before',
    ),
  retryOf: seq.optional().describe('the queued event of the life that is tried again'),
  passesStay: z
    .literal(true)
    .optional()
    .describe('how often jobs were passed for loaded models stays with them'),
  schedule: text.optional().describe('the id of the schedule'),
  owner: text.optional().describe('who declared the schedule'),
  revision: count.optional().describe('the revision of its declaration'),
  cron: text.optional().describe('when it is due, as a cron expression; absent: it has everyMs'),
  tz: text.optional().describe('the time zone of cron'),
  everyMs: count.optional().describe('milliseconds between due times'),
  upTo: count.optional().describe('how many missed due times are fired late, the last ones'),
  withinMs: count.nullish().describe('how old these may be, in milliseconds; null: of any age'),
  overlap: z.enum(overlapRules).optional().describe('what happens at a due time while a job of it is live'),
  job: z
    .strictObject(specShape(({ ofSchedule }) => ofSchedule === true))
    .optional()
    .describe('what its jobs get'),
  named: z.literal(true).optional().describe('somebody asked for this life of the job by its id'),
  reason: text.optional().describe('why: a code'),
  blockedBy: jobId.nullable().optional().describe('the job behind which it waits; null: none'),
  model: text.nullable().optional().describe('the model; null: it waits for none'),
  models: z
    .array(text)
    .optional()
    .describe('the models that the attempt has, or that the job needs from now on'),
  places: z
    .union([z.record(text, text), z.array(text)])
    .optional()
    .describe('of started: the place of each model; of worker_serves: the places that the process serves'),
  attempt: count.optional().describe('which attempt it is, 1 at first'),
  batch: count.optional().describe('the batch that the job started in: the number of its first start'),
  warm: z.number().optional().describe('the seconds of loading for which it passed others'),
  without: z.array(text).optional().describe('kinds of those ahead that its process does not run'),
  expects: count
    .optional()
    .describe('what it is expected to use, in microseconds of a model, where the policy has weights'),
  virtualTime: count
    .optional()
    .describe('what its fair key had used by then, over its weight; it started in the turn of that key'),
  keeps: count.optional().describe('how many models the process keeps loaded'),
  left: z.literal(true).optional().describe('the process left; absent: its lease was over'),
  token: count
    .nullable()
    .optional()
    .describe('the fencing token: the number of the event that started the attempt'),
  used: amounts.optional().describe('how much of which resources the attempt has used'),
  code: z.enum(failureCodes).optional().describe('why the attempt failed'),
  final: z.boolean().optional().describe('true: the job has failed; false: another attempt follows'),
  until: micros.nullable().optional().describe('when the pause, or the attempt, ends at the latest'),
  runAt: micros.nullable().optional().describe('the earliest time of the next start; null: at once'),
  asker: text
    .nullable()
    .optional()
    .describe('the process that waits for it at the gate; null: none any more'),
  priority: count.optional().describe('its new priority'),
  position: z
    .strictObject({
      level: z.number().describe('compared first; 0 unless priority is strict'),
      order: z.number().describe('compared next: as if it had come at this time'),
      tie: z.number().describe('compared last: the number of an event'),
    })
    .optional()
    .describe('its new place in line; smaller goes first'),
  policy: policySchema.optional().describe('the new policy'),
  epoch: count.optional().describe('the new epoch'),
  of: count.optional().describe('the event that is void'),
  after: z.array(jobId).optional().describe('jobs that this one comes after'),
  goesOn: z.literal(true).optional().describe('it runs also if one of these does not complete'),
  outcome: z.enum(outcomes).optional().describe('how these had ended before; absent: they were live'),
  cause: jobId.optional().describe('where the failure began, of a job that failed with one it comes after'),
  parent: jobId.optional().describe('a job with many children, whose end was passed on to the next of them'),
  as: z
    .record(text, anything)
    .optional()
    .describe('what to read in the place of the void event; absent: it counts as nothing'),
} satisfies Readonly<Record<FieldOf<RecordedEvent>, z.ZodType>>

export const eventSchema = z
  .strictObject(eventShape)
  .describe('an event of the log, as the core has it: which fields it has depends on its type')

export const jobLogSchema = z.strictObject({
  queue: queueName,
  jobId,
  archivedSeq: seq.describe('events up to this one are not in the log any more'),
  events: z.array(eventSchema).describe('of its last life, in order; 200 at most, the last ones'),
})
export type JobLogDocument = Readonly<Omit<z.infer<typeof jobLogSchema>, 'events'>>

export const logSchema = z.strictObject({
  queue: queueName,
  version: seq.describe('of the last event of the log'),
  epoch: z
    .int()
    .describe('1 at first; one more each time that a backup was restored, or events were declared void'),
  now: micros.describe("the database's clock, in microseconds since 1970"),
  archivedSeq: seq.describe('events up to this one were archived'),
  events: z.array(eventSchema).describe('the page, in order; an empty one: there are no more yet'),
})

export const searchSchema = z.strictObject({
  queue: queueName,
  events: z.array(eventSchema).describe('those that fit, the newest first'),
  operators: z
    .array(z.strictObject({ workerId: text.describe('the id of the process'), ...operatorShape }))
    .describe('who acted through which process, for those who may see data or act'),
  before: z
    .int()
    .nullable()
    .describe('give it as `before` for the next page; null: nothing is left to look at'),
})
export type SearchDocument = Readonly<Omit<z.infer<typeof searchSchema>, 'events'>>
