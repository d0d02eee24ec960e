/** What a lever would do, and what it did. */
import * as z from 'zod'
import { jobFaults, reasonCodes } from '../../../engine/core/index.ts'
import { levers } from '../guard/grant.ts'
import { errorSchema, jobId, seq } from './fields.ts'
import { eventSchema } from './log-documents.ts'

export const standingSchema = z.strictObject({
  state: z.enum(['waiting', 'active']).describe('active: it runs'),
  ahead: z.int().nullable().describe('how many jobs are ahead of it in line; null: it is in no line'),
  code: z
    .enum([...reasonCodes, ...jobFaults])
    .nullable()
    .describe('why it waits, or what is wrong with it; null: nothing'),
  blockedBy: jobId.nullable().describe('the job behind which it waits; null: none'),
})
export const jobsThatChangeSchema = z.strictObject({
  total: z.int().describe('how many jobs'),
  jobs: z
    .array(
      z.strictObject({
        jobId,
        before: standingSchema.nullable().describe('how it stands now; null: it is not live'),
        after: standingSchema.nullable().describe('how it would stand then; null: it would not be live'),
      }),
    )
    .describe('the first of them'),
})
const lever = z.enum(levers).describe('which action')
export const previewSchema = z.strictObject({
  lever,
  preview: z.literal(true).describe('nothing was changed: this is a preview'),
  version: seq.describe('of the log that it was decided on'),
  mark: z
    .string()
    .describe('send it back with the version: the action is refused if it would now do something else'),
  events: z.array(eventSchema).describe('the events that it adds to the log'),
  changed: z.boolean().describe('whether it would change anything'),
  refusal: errorSchema.nullable().describe('why the queue would refuse it; null: it would not'),
  says: z.string().describe('what becomes of jobs, in plain words'),
  moves: jobsThatChangeSchema.describe('jobs whose state or position in line changes'),
  startable: jobsThatChangeSchema.describe('other jobs that may start then'),
})
export type PreviewDocument = z.infer<typeof previewSchema>

const undoSchema = z.strictObject({
  lever,
  title: z.string().describe('what it does, for a button'),
  body: z.record(z.string(), z.unknown()).describe('send this to that action'),
})
export type UndoDocument = z.infer<typeof undoSchema>

export const pulledSchema = z.strictObject({
  lever,
  preview: z.literal(false).describe('it was carried out'),
  version: seq.describe('of the log after it'),
  changed: z.boolean().describe('false: the queue was so already'),
  jobs: z.int().nullable().describe('how many dead letters; null for other actions'),
  undo: undoSchema
    .nullable()
    .describe(
      'the action that puts back what a pause, a move, a drain or a change of policy has changed; refused once somebody else has changed the same',
    ),
})
export type PulledDocument = z.infer<typeof pulledSchema>

/** What an action answers. */
export const answerSchema = z
  .union([previewSchema, pulledSchema])
  .describe('`preview` says which: true, what it would do; false, what it did')
