/** One job: why it does not run, where it stands, what is kept of it, and those that failed for good. */
import * as z from 'zod'
import { failureCodes, outcomes } from '../../../engine/core/index.ts'
import type { DeadJob } from '../../../engine/store/index.ts'
import { anything, jobId, micros, seq } from './fields.ts'
import { specSchema } from './log-documents.ts'

const place = z.strictObject({
  model: z.string(),
  capacity: z.int(),
  holders: z.array(jobId),
  ahead: z.int(),
  place: z
    .string()
    .nullable()
    .optional()
    .describe(
      'where the model is, or the place that is kept for the job; absent: the model has a number of places',
    ),
  whole: z.literal(true).optional().describe('the job takes all places of it; absent: one'),
  rules: z
    .record(z.string(), z.string())
    .optional()
    .describe('by rule of the policy the pattern from which it comes; absent: none comes from one'),
  aheadIds: z.array(jobId),
  paused: z
    .strictObject({
      reason: z.string(),
      by: z.string().nullable(),
      who: z
        .strictObject({ operator: z.string(), host: z.string().nullable(), command: z.string().nullable() })
        .nullable()
        .describe('who paused it; only for viewers who may see data or act'),
      since: micros,
      until: micros.nullable(),
    })
    .nullable(),
})

const explanationSchema = z.strictObject({
  jobId,
  state: z.enum(['waiting', 'active', 'submitted', 'refused', 'ended', 'archived', 'unknown']),
  standing: z.string(),
  code: z.string().nullable().describe('why it waits, why it was refused, or how it ended'),
  reason: z.string(),
  since: micros.nullable(),
  until: micros.nullable().describe('when that is over by itself; null: something else has to happen'),
  failed: z
    .strictObject({
      times: z.int(),
      attempts: z.int().nullable(),
      code: z.enum([...failureCodes, 'lease_expired']),
      at: micros,
    })
    .nullable()
    .describe('its failed tries so far: how many of how many, and the last one'),
  blockedBy: jobId.nullable(),
  models: z.array(place),
  ahead: z
    .int()
    .nullable()
    .describe('how many jobs are ahead of it in the whole queue; null: it is in no line'),
  position: z.int().nullable().describe('the same as `ahead`, by its former name'),
  chain: z.array(jobId),
  parents: z
    .array(
      z.strictObject({
        jobId,
        ifFailed: z.enum(['fail', 'continue']),
        outcome: z.enum(outcomes).nullable().describe('how it ended; null: it has not'),
        code: z.string().nullable(),
        reason: z.string().nullable(),
        until: micros.nullable(),
        failed: z.int().describe('how many of its attempts have failed'),
      }),
    )
    .describe('what it was enqueued to come after, those that have not ended first; 100 at most'),
  overtaken: z.int(),
  whatHasToHappen: z.string(),
  also: z.array(z.string()),
  standsFor: jobId.optional().describe('the job that has its key, so that it was not put in line'),
})
export const jobSchema = z.strictObject({
  queue: z.string(),
  version: seq,
  now: micros,
  explanation: explanationSchema,
})
export type DashboardJob = z.infer<typeof jobSchema>

export const flowSchema = z.strictObject({
  queue: z.string(),
  jobId,
  jobs: z.array(
    z.strictObject({
      jobId,
      state: z.string().nullable().describe('how it stands, or how it ended; null: nobody knows'),
    }),
  ),
  links: z.array(z.strictObject({ before: jobId, after: jobId, ifFailed: z.enum(['fail', 'continue']) })),
  isWhole: z.boolean().describe('false: there are more jobs; these are the nearest'),
})

const starts = {
  startsInSeconds: z.int().nullable().describe('an estimate; null: nobody can say, or it runs'),
  startsFromSeconds: z
    .int()
    .nullable()
    .describe('with the next: the range in which it lies eight times of ten'),
  startsToSeconds: z.int().nullable(),
  startsReason: z.string().nullable().describe('why nobody can say; null: there is an estimate, or it runs'),
}

export const positionSchema = z.strictObject({
  jobId,
  queue: z.string(),
  state: z.enum(['waiting', 'active', 'submitted', 'refused']),
  ahead: z
    .int()
    .nullable()
    .describe('how many jobs are ahead of it in the whole queue; null: it is in no line'),
  position: z.int().nullable().describe('the same as `ahead`, by its former name'),
  models: z.array(
    z.strictObject({
      model: z.string(),
      ahead: z.int().nullable().describe('how many jobs are ahead of it in its line'),
      running: z.int(),
      capacity: z.int(),
    }),
  ),
  code: z.string().nullable().describe('why it waits, why it is not in line, or what is wrong with it'),
  reason: z.string().describe('why it waits, without the names of other jobs or people'),
  ...starts,
})
export type PositionDocument = z.infer<typeof positionSchema>

/** A job as for `enqueue`; its values are checked as there. */
export const quotedJobSchema = z.looseObject({ jobId, models: z.array(z.string()) })
export const quoteSchema = z.strictObject({
  jobId,
  version: seq.describe('of the queue by which it was told'),
  isNew: z.boolean().describe('false: it is there already, was enqueued once, or another job stands for it'),
  standsFor: jobId.optional().describe('the job that would stand for it; absent: none would'),
  isStartable: z.boolean(),
  explanation: explanationSchema
    .nullable()
    .describe('of the job, or of the one that stands for it, once it is in line; null: that one has ended'),
  ...starts,
})
export type QuoteAnswer = Readonly<Omit<z.infer<typeof quoteSchema>, 'explanation'>>

export const dataSchema = z.strictObject({
  jobId,
  payload: anything,
  result: anything,
  error: anything,
  checkpoint: anything,
  progress: anything,
  trace: anything,
  row: anything,
})
export const progressSchema = z.strictObject({
  jobs: z.array(z.strictObject({ jobId, progress: anything })),
})

const deadJob = z.strictObject({
  jobId,
  seq: z.int().min(1),
  at: micros,
  code: z.enum([...failureCodes, 'lease_expired', 'expired']),
  attempts: z.int(),
  spec: specSchema,
  error: anything.describe('null if you may not see data'),
})
export const deadSchema = z.strictObject({
  queue: z.string(),
  jobs: z.array(deadJob),
  before: z.int().nullable().describe('for the next page; null: there are no more'),
})

/** The error has the words of the user's own code, so not everybody may see it. */
export const deadDocument = (job: DeadJob, data: boolean) => ({ ...job, error: data ? job.error : null })
