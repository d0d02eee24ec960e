/** The statement of an audit that the page has made, as a page to file. */
import * as z from 'zod'
import { parseInput } from '../../../engine/events/index.ts'
import { type Statement, statementMarkdown } from '../../../tools/audit/index.ts'
import { json } from '../guard/headers.ts'

const text = z.string()
const number = z.number()
const overlap = z.object({
  model: text,
  places: number,
  fromSeq: number,
  toSeq: number.nullable(),
  from: text,
  to: text,
  ms: number,
  holders: z.array(z.object({ jobId: text, token: number })),
})

/** What the report says of a statement. The rest may be there. */
export const statementSchema = z.object({
  queue: text,
  store: text,
  release: text,
  digest: text,
  auditedAt: text,
  firstAt: text.nullable(),
  lastAt: text.nullable(),
  fromSeq: number,
  events: number,
  jobs: number,
  brought: number,
  attempts: number,
  maxConcurrent: number,
  completed: number,
  failed: number,
  cancelled: number,
  expired: number,
  live: number,
  overruns: number,
  promises: z.array(z.object({ rule: text, promise: text, violations: number })),
  violations: z.array(z.object({ seq: number, rule: text, jobId: text.nullable(), detail: text })),
  overlaps: z.array(overlap),
  models: z.array(
    z.object({
      model: text,
      attempts: number,
      busyMs: number,
      most: number,
      places: number,
      overlaps: z.array(overlap),
    }),
  ),
})
export const reportSchema = z.strictObject({ markdown: text })

/** As `interlock audit --markdown`. Nothing is read or written. @throws InterlockError `invalid_input`, naming the path */
export function reportFor(statement: unknown): Response {
  const said = parseInput(statementSchema, statement, 'statement', '') as Statement
  return json({ markdown: statementMarkdown(said) } satisfies z.infer<typeof reportSchema>)
}
