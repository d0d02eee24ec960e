import * as z from 'zod'
import type { Checkup, OutsideLine } from '../index.ts'

const integer = z.number().int()
const backlog = z
  .object({ rows: integer, age_ms: integer.nullable() })
  .transform(({ rows, age_ms: ageMs }) => ({ rows, ageMs }))
const table = z.object({ exists: z.boolean(), followed: z.boolean(), missing: z.array(z.string()) })

const server = z
  .object({
    version: integer,
    synchronous_commit: z.string(),
    off_by_role: z.array(z.string()),
    fsync: z.string(),
    full_page_writes: z.string(),
    in_recovery: z.boolean(),
  })
  .transform((row) => ({
    version: row.version,
    synchronousCommit: row.synchronous_commit,
    offByRole: row.off_by_role,
    fsync: row.fsync,
    fullPageWrites: row.full_page_writes,
    inRecovery: row.in_recovery,
  }))

const standby = z
  .object({
    name: z.string().nullable(),
    state: z.string().nullable(),
    sync: z.string().nullable(),
    lag_bytes: integer.nullable(),
    lag_ms: integer.nullable(),
  })
  .transform(({ lag_bytes: lagBytes, lag_ms: lagMs, ...row }) => ({ ...row, lagBytes, lagMs }))

const replication = z
  .object({
    names: z.string(),
    sees_all: z.boolean(),
    waiting: integer,
    oldest_wait_ms: integer.nullable(),
    standbys: z.array(standby),
  })
  .transform(({ sees_all: seesAll, oldest_wait_ms: oldestWaitMs, ...row }) => ({
    ...row,
    seesAll,
    oldestWaitMs,
    commitsWait: null,
  }))

const setAside = z
  .object({
    target: z.string(),
    sqlstate: z.string(),
    rows: integer,
    tries: integer,
    age_ms: integer,
    example: z.string(),
  })
  .transform(({ age_ms: ageMs, ...row }) => ({ ...row, ageMs }))

const log = z
  .object({
    bytes: integer,
    archive_bytes: integer,
    events: integer,
    own: integer,
    oldest_at: integer.nullable(),
    week: z
      .object({ events: integer, age_ms: integer })
      .transform(({ age_ms: ageMs, ...row }) => ({ ...row, ageMs }))
      .nullable(),
  })
  .transform(({ archive_bytes: archiveBytes, oldest_at: oldestAt, ...row }) => ({
    ...row,
    archiveBytes,
    oldestAt,
  }))

const accountFinding = z.object({
  check: z.string(),
  level: z.enum(['problem', 'note']),
  what: z.string(),
  remedy: z.string(),
})

const behind = z
  .object({ events: integer, age_ms: integer.nullable() })
  .transform(({ events, age_ms: ageMs }) => ({ events, ageMs }))

/** What `job_queue_backlog` answers. */
export const backlogAnswer = z.object({
  behind: behind.nullable(),
  arrivals: backlog,
  inbox: backlog,
  submitted: z.array(
    z
      .object({
        code: z.string(),
        jobs: integer,
        job_id: z.string().nullable(),
        at: integer,
        message: z.string().nullable(),
      })
      .transform(({ job_id: jobId, ...row }) => ({ ...row, jobId })),
  ),
  ending: z.array(z.string()),
}) satisfies z.ZodType<OutsideLine>

/** What `job_queue_checkup` answers. */
export const checkupAnswer = z
  .object({
    now: integer,
    session_age_ms: integer,
    server,
    replication: replication.nullable(),
    functions: z.array(z.object({ name: z.string(), sum: z.string(), definer: z.boolean() })),
    realtime: z.boolean(),
    xmin: z
      .object({
        kind: z.string(),
        application: z.string().nullable(),
        state: z.string().nullable(),
        role: z.string().nullable(),
        age_ms: integer,
      })
      .transform(({ age_ms: ageMs, ...row }) => ({ ...row, ageMs }))
      .nullable(),
    triggers: z.array(z.object({ table: z.string(), name: z.string(), enabled: z.boolean() })),
    account: z.array(accountFinding),
    tables: z
      .object({ jobs: table, workflow_executions: table })
      .transform(({ jobs, workflow_executions: workflowExecutions }) => ({ jobs, workflowExecutions })),
    grants: z.object({ caller: z.string(), missing: z.array(z.string()), open: z.array(z.string()) }),
    set_aside: z.array(setAside),
    not_taken_in: z
      .object({ rows: integer, job_id: z.string().nullable(), reason: z.string().nullable() })
      .transform(({ job_id: jobId, ...row }) => ({ ...row, jobId })),
    arrivals: backlog,
    inbox: backlog,
    behind: z
      .object({ events: integer, age_ms: integer.nullable() })
      .transform(({ events, age_ms: ageMs }) => ({ events, ageMs })),
    log,
    unknown_rows: z.object({ old: integer, new: integer }),
    first: z
      .object({ active_job_id: z.string().nullable(), written_at: integer.nullable() })
      .transform((row) => ({ activeJobId: row.active_job_id, writtenAt: row.written_at }))
      .nullable(),
    ends: z.array(
      z
        .object({
          job_id: z.string(),
          pid: integer.nullable(),
          name: z.string(),
          role: z.string().nullable(),
          age_ms: integer,
        })
        .transform(({ job_id: jobId, age_ms: ageMs, ...row }) => ({ ...row, jobId, ageMs })),
    ),
    foreign_writes: z.array(z.object({ pid: integer, role: z.string().nullable(), application: z.string() })),
  })
  .transform(
    ({ session_age_ms, set_aside, not_taken_in, unknown_rows, foreign_writes, ...rest }): Checkup => ({
      ...rest,
      sessionAgeMs: session_age_ms,
      setAside: set_aside,
      notTakenIn: not_taken_in,
      unknownRows: unknown_rows,
      foreignWrites: foreign_writes,
    }),
  )
