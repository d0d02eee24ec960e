import * as z from 'zod'
import { lastLife } from '../../core/index.ts'
import { decodeEvents } from '../../events/index.ts'

const integer = z.int()

const command = z
  .object({
    request_id: z.string(),
    type: z.string(),
    at: integer,
    refusal: z.object({ code: z.string(), message: z.string(), at: integer }).nullable(),
  })
  .transform(({ request_id: requestId, ...row }) => ({ requestId, ...row }))

/** What `job_queue_of_job` answers. */
export const ofJobAnswer = z
  .object({
    version: integer,
    now: integer,
    archived_seq: integer,
    kept: z.boolean(),
    events: z.array(z.unknown()),
    voided: z.unknown(),
    commands: z.array(command),
    cut: z.boolean(),
    arrived_at: integer.nullable(),
    not_taken_in: z.object({ reason: z.string(), at: integer }).nullable(),
    row: z.enum(['pending', 'running']).nullable(),
    behind: z
      .object({ events: integer, age_ms: integer.nullable() })
      .transform(({ events, age_ms: ageMs }) => ({ events, ageMs }))
      .nullable(),
  })
  .transform(({ events, voided, ...row }) => ({
    version: row.version,
    now: row.now,
    commands: row.commands,
    isCut: row.cut,
    arrivedAt: row.arrived_at,
    notTakenIn: row.not_taken_in,
    row: row.row,
    events: lastLife(decodeEvents(events, voided)),
    archivedSeq: row.archived_seq,
    isKept: row.kept,
    behind: row.behind,
  }))

const ways = z.object({ commands: integer, rows: integer })

/** What `job_queue_submitted` answers. */
export const submittedAnswer = z.object({
  undecided: ways
    .extend({ oldest_at: integer.nullable() })
    .transform(({ oldest_at: oldestAt, ...counts }) => ({ ...counts, oldestAt })),
  refused: ways,
  jobs: z.array(
    z
      .object({
        job_id: z.string().nullable(),
        state: z.enum(['submitted', 'refused']),
        code: z.string(),
        at: integer,
        request_id: z.string().nullable(),
        message: z.string().nullable(),
      })
      .transform(({ job_id: jobId, request_id: requestId, ...row }) => ({ jobId, requestId, ...row })),
  ),
})
