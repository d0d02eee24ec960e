/** Jobs that were found, and many of them changed by one command. Times are ISO texts, as `interlock jobs --json` has them. */
import * as z from 'zod'
import { findEntries, type ListedSpec } from '../../../engine/core/index.ts'
import { specShape } from '../../../engine/events/index.ts'
import { foundStates } from '../../../tools/operate/find-jobs.ts'
import { changeable } from '../../../tools/operate/preview-change.ts'
import { jobId, seq } from './fields.ts'

const listed = specShape(
  (field) => field.listed === true,
  (schema) => schema.nullable(),
) as unknown as { readonly [Name in keyof ListedSpec]: z.ZodType<ListedSpec[Name]> }

const foundSchema = z.strictObject({
  ...listed,
  state: z.string(),
  attempt: z.int(),
  workerId: z.string().nullable(),
  since: z.iso.datetime({ offset: true }),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  blockedBy: jobId.nullable(),
  until: z.iso.datetime({ offset: true }).nullable(),
})

export const foundJobsSchema = z.strictObject({
  queue: z.string(),
  total: z.int(),
  jobs: z.array(foundSchema),
  endedSince: z.iso.datetime({ offset: true }).nullable(),
  next: z.string().nullable().describe('where the next page begins: give it as `from`'),
})

export type FoundJobsDocument = z.infer<typeof foundJobsSchema>

export const changePreviewSchema = z.strictObject({
  queue: z.string(),
  change: z.record(z.string(), z.unknown()),
  version: seq,
  jobs: z.array(z.strictObject({ jobId, state: z.string(), mark: z.string() })),
  says: z.string().describe('what becomes of them, in plain words'),
})

export const changedSchema = z.strictObject({
  commandId: z.string(),
  matched: z.int(),
  done: z.array(jobId),
  changed: z.array(jobId).describe('left out: they have changed since the preview'),
  failed: z.array(z.strictObject({ jobId, code: z.string(), message: z.string() })),
})

export type ChangePreviewDocument = z.infer<typeof changePreviewSchema>
export type ChangedDocument = z.infer<typeof changedSchema>

const text = { type: 'string' }
/** What `error` of a filter finds. */
export const errorSays = 'only jobs whose last error has this text; capital and small letters are the same'
const filterProperties = {
  states: { type: 'array', items: { enum: foundStates } },
  ...Object.fromEntries(findEntries.map(({ name, says }) => [name, { ...text, description: says }])),
  payload: { type: 'object', description: 'fields of the payload, and what they equal' },
  error: { ...text, description: errorSays },
  before: {
    ...text,
    description: 'jobs that came, failed or ended before it: 10m, 14:03+01:00 or 2026-11-24T15:00:00Z',
  },
  after: { ...text, description: 'jobs that came, failed or ended since then' },
}

/** What `changes` takes: a change with a filter, for a preview; or a preview, to carry it out. */
export const changesSchema = z.union(
  [
    z.strictObject({
      change: z.unknown().meta({
        type: 'object',
        required: ['do'],
        properties: { do: { enum: Object.keys(changeable) } },
        description: 'what is done; `move` also has `priority` or `before`, `cancel` may have `force`',
      }),
      filter: z
        .record(z.string(), z.unknown())
        .optional()
        .meta({ properties: filterProperties, description: 'as of `jobs`' }),
    }),
    z.strictObject({
      preview: z.unknown().meta({ type: 'object', description: 'what the first answer was, unchanged' }),
      commandId: z.string().optional(),
    }),
  ],
  { error: 'must be { change, filter } for a preview, or { preview, commandId } to carry it out' },
)
