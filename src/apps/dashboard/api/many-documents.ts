/** Jobs that were found, and many of them changed by one command. Times are ISO texts, as `interlock jobs --json` has them. */
import * as z from 'zod'
import { findEntries, type ListedSpec } from '../../../engine/core/index.ts'
import { specShape } from '../../../engine/events/index.ts'
import { foundStates } from '../../../tools/operate/find-jobs.ts'
import { changeable } from '../../../tools/operate/preview-change.ts'
import { jobId, queueName, seq } from './fields.ts'

const listed = specShape(
  (field) => field.listed === true,
  (schema) => schema.nullable(),
) as unknown as { readonly [Name in keyof ListedSpec]: z.ZodType<ListedSpec[Name]> }

const time = z.iso.datetime({ offset: true })
const found = z.strictObject({
  ...listed,
  state: z.string().describe('waiting, active, submitted, dead, completed, failed, cancelled or expired'),
  attempt: z.int().describe('how many attempts were started'),
  workerId: z.string().nullable().describe('the process that runs it; null: none does'),
  since: time.describe('since when it is in line, dead or ended'),
  code: z.string().nullable().describe('what keeps it, or how it ended; null: nothing keeps it'),
  reason: z.string().nullable().describe('the same in a sentence'),
  blockedBy: jobId.nullable().describe('the job behind which it waits; null: none'),
  until: time.nullable().describe('when that ends by itself; null: nobody knows'),
})

export const foundJobsSchema = z.strictObject({
  queue: queueName,
  total: z.int().describe('how many jobs were found, on all pages'),
  jobs: z.array(found).describe('those that run, then the line, then all others, the newest first'),
  endedSince: time
    .nullable()
    .describe('jobs that have ended are found if they came since then; null: you asked for none'),
  next: z.string().nullable().describe('give it as `from` for the next page; null: this is the last one'),
})

export type FoundJobsDocument = z.infer<typeof foundJobsSchema>

export const changePreviewSchema = z.strictObject({
  queue: queueName,
  change: z.record(z.string(), z.unknown()).describe('the change that was asked for'),
  version: seq.describe('of the log that was looked at'),
  jobs: z
    .array(
      z.strictObject({
        jobId,
        state: z.string().describe('its state then'),
        mark: z.string().describe('another one once the job has started, ended, moved or come back'),
      }),
    )
    .describe('the jobs that it is about, 1,000 at most'),
  says: z.string().describe('what becomes of them, in plain words'),
})

export const changedSchema = z.strictObject({
  commandId: z.string().describe('the ids of its commands in the log begin with it'),
  matched: z.int().describe('how many jobs the preview named'),
  done: z.array(jobId).describe('those that were changed'),
  changed: z.array(jobId).describe('left out: they have changed since the preview'),
  failed: z
    .array(
      z.strictObject({
        jobId,
        code: z.string().describe('why, for programs'),
        message: z.string().describe('why, in a sentence'),
      }),
    )
    .describe('those that were refused'),
})

/** What `changes` answers. */
export const changeAnswerSchema = z
  .union([changePreviewSchema, changedSchema])
  .describe('the first call is answered with a preview, the second one with what was done')

export type ChangePreviewDocument = z.infer<typeof changePreviewSchema>
export type ChangedDocument = z.infer<typeof changedSchema>

const text = { type: 'string' }
/** What `error` of a filter finds. */
export const errorSays =
  'only jobs whose last error has this text; capital and small letters are the same, and _ and a space'
const filterProperties = {
  states: {
    type: 'array',
    items: { enum: foundStates },
    description: 'only jobs in these states; all that can be changed so unless given',
  },
  ...Object.fromEntries(findEntries.map(({ name, says }) => [name, { ...text, description: says }])),
  payload: { type: 'object', description: 'fields of the payload, and what they equal' },
  error: { ...text, description: errorSays },
  since: {
    ...text,
    description:
      'jobs that came into line (dead and ended ones: that ended) since then: 10m, 14:03+01:00 or 2026-11-24T15:00:00Z',
  },
  until: { ...text, description: 'jobs that did so until then' },
}

/** What `changes` takes: a change with a filter, for a preview; or a preview, to carry it out. */
export const changesSchema = z.union(
  [
    z.strictObject({
      change: z.unknown().meta({
        type: 'object',
        required: ['do'],
        properties: {
          do: { enum: Object.keys(changeable), description: 'what is done to each job' },
          priority: { type: 'integer', description: 'of `move`: the priority that they get' },
          before: { ...text, description: 'of `move`, in place of a priority: the job before which they go' },
          force: { type: 'boolean', description: 'of `cancel`: running jobs end at once' },
        },
        description:
          'what is done: `cancel`, `move`, `retry` dead letters, or `delete` what is kept of ended jobs',
      }),
      filter: z.record(z.string(), z.unknown()).optional().meta({
        properties: filterProperties,
        description:
          'which jobs: those for which all of this is true; all that can be changed so unless given',
      }),
    }),
    z.strictObject({
      preview: z.unknown().meta({ type: 'object', description: 'the answer to the first call, unchanged' }),
      commandId: z
        .string()
        .optional()
        .describe('of your own: a call that is repeated with it changes nothing a second time'),
    }),
  ],
  { error: 'must be { change, filter } for a preview, or { preview, commandId } to carry it out' },
)
