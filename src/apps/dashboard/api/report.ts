/** The statement of an audit that the page has made, as a page to file. */
import * as z from 'zod'
import { parseInput } from '../../../engine/events/index.ts'
import { type Statement, statementMarkdown } from '../../../tools/audit/index.ts'
import { json } from '../guard/headers.ts'
import { jobId, model, queueName } from './fields.ts'

const text = z.string()
const number = z.number()
export const overlapSchema = z.object({
  model: text.describe('the model'),
  places: number.describe('how many places it had'),
  fromSeq: number.describe('the event with which it began'),
  toSeq: number.nullable().describe('the event with which it ended; null: it has not'),
  from: text.describe('when it began'),
  to: text.describe('when it ended'),
  ms: number.describe('how long it took, in milliseconds'),
  holders: z
    .array(z.object({ jobId, token: number.describe('the token of its attempt') }))
    .describe('the jobs that had the model'),
})
const overlaps = z.array(overlapSchema).describe('times in which a model had more holders than places')

/** What the report says of a statement. The rest may be there. */
export const statementSchema = z
  .object({
    queue: queueName,
    store: text.describe('where it lives'),
    release: text.describe('the release that audited it'),
    digest: text.describe('SHA-256 over the log as it was read'),
    auditedAt: text.describe('when it was audited'),
    firstAt: text.nullable().describe('the time of the first event'),
    lastAt: text.nullable().describe('the time of the last event'),
    fromSeq: number.describe('the first event that was read'),
    toSeq: number.describe('the last event that was read'),
    events: number.describe('how many events were read; 0 proves nothing'),
    jobs: number.describe('lives of jobs that began in these events'),
    brought: number.describe('lives of jobs that had begun before'),
    attempts: number.describe('attempts that started'),
    maxConcurrent: number.describe('the most jobs that ran at once'),
    completed: number.describe('lives that ended so'),
    failed: number.describe('lives that ended so'),
    cancelled: number.describe('lives that ended so'),
    expired: number.describe('lives that ended so'),
    live: number.describe('lives that had not ended'),
    overruns: number.describe('attempts that used more of a resource than they had reserved'),
    promises: z
      .array(
        z.object({
          rule: text.describe('the rule, for programs'),
          promise: text.describe('what was checked, in words'),
          violations: number.describe('how often it was broken'),
        }),
      )
      .describe('what was checked'),
    violations: z
      .array(
        z.object({
          seq: number.describe('the event that shows it'),
          rule: text.describe('the rule that was broken'),
          jobId: jobId.nullable().describe('the job; null: it is about none'),
          detail: text.describe('what happened, in words'),
        }),
      )
      .describe('every time that a promise was broken'),
    overlaps,
    models: z
      .array(
        z.object({
          model,
          attempts: number.describe('attempts that had it'),
          busyMs: number.describe('how long it was in use, in milliseconds'),
          most: number.describe('the most holders at once'),
          places: number.describe('its places at the end'),
          overlaps,
        }),
      )
      .describe('how each model was used'),
  })
  .describe('the statement of an audit, as `interlock audit --json` prints it')
export const reportSchema = z.strictObject({ markdown: text.describe('a page to file') })

/** As `interlock audit --markdown`. Nothing is read or written. @throws InterlockError `invalid_input`, naming the path */
export function reportFor(statement: unknown): Response {
  const said = parseInput(statementSchema, statement, 'statement', '') as Statement
  return json({ markdown: statementMarkdown(said) } satisfies z.infer<typeof reportSchema>)
}
