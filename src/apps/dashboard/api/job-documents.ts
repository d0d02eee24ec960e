/** One job: why it does not run, where it stands, what is kept of it, and those that failed for good. */
import * as z from 'zod'
import { failureCodes, outcomes } from '../../../engine/core/index.ts'
import type { DeadJob } from '../../../engine/store/index.ts'
import { anything, jobId, micros, model, operatorShape, queueName, seq } from './fields.ts'
import { specSchema } from './log-documents.ts'

export const explainedModelSchema = z.strictObject({
  model,
  capacity: z.int().describe('how many jobs may have it at once, or how many places it has'),
  holders: z.array(jobId).describe('the running jobs that have it'),
  ahead: z.int().describe('how many jobs are ahead in its line'),
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
  aheadIds: z.array(jobId).describe('the jobs ahead, the nearest first, ten at most'),
  paused: z
    .strictObject({
      reason: z.string().describe('a code, such as `provider_down`'),
      by: z.string().nullable().describe('the process that paused it'),
      who: z
        .strictObject(operatorShape)
        .nullable()
        .describe('who paused it; only for viewers who may see data or act'),
      since: micros,
      until: micros.nullable().describe('when the pause ends; null: when the model is resumed'),
    })
    .nullable()
    .describe('the pause of the model; null: it is not paused'),
})

const ifFailed = z
  .enum(['fail', 'continue'])
  .describe('what becomes of the job if this one does not complete: it fails, or runs all the same')
const ahead = z
  .int()
  .nullable()
  .describe('how many jobs are ahead of it in the whole queue; null: it is in no line')
const position = z.int().nullable().describe('the same as `ahead`, by its former name')

export const explanationSchema = z.strictObject({
  jobId,
  state: z
    .enum(['waiting', 'active', 'submitted', 'refused', 'ended', 'archived', 'unknown'])
    .describe(
      'active: it runs; submitted: it came by SQL or as a row, and is not in line yet; refused: it never came in; archived: its events have left the log',
    ),
  standing: z
    .string()
    .describe('of a live job the state in more detail, such as for_parents, held, offered or detached'),
  code: z.string().nullable().describe('why it waits, why it was refused, or how it ended'),
  reason: z.string().describe('the same in a sentence'),
  since: micros.nullable().describe('since when it waits, runs, or has ended; null: nobody knows'),
  until: micros.nullable().describe('when that is over by itself; null: something else has to happen'),
  failed: z
    .strictObject({
      times: z.int().describe('how many attempts have failed'),
      attempts: z.int().nullable().describe('how many there may be; null: the log no longer says'),
      code: z.enum([...failureCodes, 'lease_expired']).describe('why the last one failed'),
      at: micros.describe('when the last one failed, in microseconds since 1970'),
    })
    .nullable()
    .describe('its attempts that failed; null: none did'),
  blockedBy: jobId.nullable().describe('the job behind which it waits; null: none'),
  models: z.array(explainedModelSchema).describe('the models that it needs, and where it stands for each'),
  ahead,
  position,
  chain: z.array(jobId).describe('the job it waits for, the job that one waits for, and so on; 100 at most'),
  parents: z
    .array(
      z.strictObject({
        jobId,
        ifFailed,
        outcome: z.enum(outcomes).nullable().describe('how it ended; null: it has not'),
        code: z.string().nullable().describe('what keeps it; null: nothing does'),
        reason: z.string().nullable().describe('the same in a sentence; null: it has ended'),
        until: micros.nullable().describe('when that ends by itself; null: nobody knows'),
        failed: z.int().describe('how many of its attempts have failed'),
      }),
    )
    .describe('what it was enqueued to come after, those that have not ended first; 100 at most'),
  overtaken: z.int().describe('how many later jobs that share a model have gone first'),
  whatHasToHappen: z.string().describe('the next step, and who takes it'),
  also: z.array(z.string()).describe('what else stands in its way, one sentence each'),
  standsFor: jobId.optional().describe('the job that has its key, so that it was not put in line'),
})
export const jobSchema = z.strictObject({
  queue: queueName,
  version: seq.describe('the last event that the answer knows'),
  now: micros.describe("the database's clock, in microseconds since 1970"),
  explanation: explanationSchema.describe('what is with the job'),
})
export type DashboardJob = z.infer<typeof jobSchema>

export const flowSchema = z.strictObject({
  queue: queueName,
  jobId: jobId.describe('the job that was asked for'),
  jobs: z
    .array(
      z.strictObject({
        jobId,
        state: z.string().nullable().describe('how it stands, or how it ended; null: nobody knows'),
      }),
    )
    .describe('the jobs of the flow, the nearest first'),
  links: z
    .array(
      z.strictObject({
        before: jobId.describe('the job that comes first'),
        after: jobId.describe('the job that comes after it'),
        ifFailed,
      }),
    )
    .describe('which job comes after which'),
  isWhole: z.boolean().describe('false: there are more jobs; these are the nearest'),
})

const starts = {
  startsInSeconds: z.int().nullable().describe('an estimate; null: nobody can say, or it runs'),
  startsFromSeconds: z
    .int()
    .nullable()
    .describe('with the next: the range in which it lies eight times of ten'),
  startsToSeconds: z.int().nullable().describe('the end of that range'),
  startsReason: z.string().nullable().describe('why nobody can say; null: there is an estimate, or it runs'),
}

export const positionSchema = z.strictObject({
  jobId,
  queue: queueName,
  state: z
    .enum(['waiting', 'active', 'submitted', 'refused'])
    .describe('active: it runs; submitted: it is not in line yet; refused: it never came in'),
  ahead,
  position,
  models: z
    .array(
      z.strictObject({
        model,
        ahead: z.int().nullable().describe('how many jobs are ahead of it in its line'),
        running: z.int().describe('how many jobs have the model now'),
        capacity: z.int().describe('how many may have it at once'),
      }),
    )
    .describe('the models that it needs'),
  code: z.string().nullable().describe('why it waits, why it is not in line, or what is wrong with it'),
  reason: z.string().describe('why it waits, without the names of other jobs or people'),
  ...starts,
})
export type PositionDocument = z.infer<typeof positionSchema>

/** A job as for `enqueue`; its values are checked as there. */
export const quotedJobSchema = z
  .looseObject({
    jobId: jobId.describe('its id: ask about a job by the id that it is to have'),
    models: z.array(z.string()).describe('the models that it needs'),
  })
  .describe('a job as for `enqueue`, with any other field of `JobSpec`: `kind`, `priority`, `fairKey`, …')
export const quoteSchema = z.strictObject({
  jobId,
  version: seq.describe('of the queue by which it was told'),
  isNew: z.boolean().describe('false: it is there already, was enqueued once, or another job stands for it'),
  standsFor: jobId.optional().describe('the job that would stand for it; absent: none would'),
  isStartable: z.boolean().describe('whether it may start at once, as far as the rules decide'),
  explanation: explanationSchema
    .nullable()
    .describe('of the job, or of the one that stands for it, once it is in line; null: that one has ended'),
  ...starts,
})
export type QuoteAnswer = Readonly<Omit<z.infer<typeof quoteSchema>, 'explanation'>>

export const dataSchema = z
  .strictObject({
    jobId,
    payload: anything.describe('what its handler gets'),
    result: anything.describe('what its handler returned'),
    error: anything.describe('what the last attempt that failed threw'),
    checkpoint: anything.describe('what its handler saved, to go on from there'),
    progress: anything.describe('what its handler reported last'),
    trace: anything.describe('the trace context that it came with'),
    row: anything.describe('the row of your table `jobs` from which it came'),
  })
  .describe('what is kept of a job beside the log; null for what is not there')
export const progressSchema = z.strictObject({
  jobs: z
    .array(z.strictObject({ jobId, progress: anything.describe('what its handler reported last') }))
    .describe('those of the jobs asked for of which something is kept'),
})

const deadJob = z.strictObject({
  jobId,
  seq: z.int().min(1).describe('the number of the event that ended it'),
  at: micros.describe('when it ended, in microseconds since 1970'),
  code: z
    .enum([...failureCodes, 'lease_expired', 'expired'])
    .describe('why the last attempt failed; lease_expired: its worker was lost; expired: it waited too long'),
  attempts: z.int().describe('how many attempts it had, without those that were given back'),
  spec: specSchema.describe('what it was enqueued with'),
  life: seq.describe('the number of the event with which its first life began; it stays when it is retried'),
  error: anything.describe('what the last attempt threw; null if you may not see data'),
})
export const deadSchema = z.strictObject({
  queue: queueName,
  jobs: z.array(deadJob).describe('the newest first'),
  before: z.int().nullable().describe('give it as `before` for the next page; null: there are no more'),
})

/** The error has the words of the user's own code, so not everybody may see it. */
export const deadDocument = (job: DeadJob, data: boolean) => ({ ...job, error: data ? job.error : null })
