/** What a lever would do, and what it did. */
import * as z from 'zod'
import { jobFaults, reasonCodes } from '../../../engine/core/index.ts'
import { levers } from '../guard/grant.ts'
import { jobId, refusalSchema, seq } from './fields.ts'
import { eventSchema } from './log-documents.ts'

const standing = z.strictObject({
  state: z.enum(['waiting', 'active']),
  ahead: z.int().nullable(),
  code: z.enum([...reasonCodes, ...jobFaults]).nullable(),
  blockedBy: jobId.nullable(),
})
const jobsThatChange = z.strictObject({
  total: z.int(),
  jobs: z.array(z.strictObject({ jobId, before: standing.nullable(), after: standing.nullable() })),
})
export const previewSchema = z.strictObject({
  lever: z.enum(levers),
  preview: z.literal(true),
  version: seq.describe('of the log that it was decided on'),
  mark: z
    .string()
    .describe('send it back with the version: the action is refused if it would now do something else'),
  events: z.array(eventSchema).describe('the events that it adds to the log'),
  changed: z.boolean(),
  refusal: refusalSchema.shape.error.nullable(),
  says: z.string().describe('what becomes of jobs, in plain words'),
  moves: jobsThatChange.describe('jobs whose state or position in line changes'),
  startable: jobsThatChange.describe('other jobs that may start then'),
})
export type PreviewDocument = z.infer<typeof previewSchema>

const undoSchema = z.strictObject({
  lever: z.enum(levers),
  title: z.string(),
  body: z.record(z.string(), z.unknown()),
})
export type UndoDocument = z.infer<typeof undoSchema>

export const pulledSchema = z.strictObject({
  lever: z.enum(levers),
  preview: z.literal(false),
  version: seq.describe('of the log after it'),
  changed: z.boolean(),
  jobs: z.int().nullable().describe('how many dead letters; null for other actions'),
  undo: undoSchema
    .nullable()
    .describe(
      'the action that puts back what a pause, a move, a drain or a change of policy has changed; refused once somebody else has changed the same',
    ),
})
export type PulledDocument = z.infer<typeof pulledSchema>
