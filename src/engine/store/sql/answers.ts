import * as z from 'zod'
import {
  failureCodes,
  InterlockError,
  type JobSpec,
  type Json,
  outcomes,
  type ParentChoice,
} from '../../core/index.ts'
import { asRead, decodeEvent, decodeEvents, jobTrace, parseVoids } from '../../events/index.ts'
import { published } from './combining.ts'
import { beatAnswer } from './worker-answers.ts'

// int8 arrives as a JSON number; z.int() refuses one that a double cannot hold exactly.
const integer = z.int()
const ids = z.array(z.string())
/** Rows of the log, and what later events say about some of them. The two are always read together. */
const events = z.unknown()
const voided = z.unknown().optional()
const head = { version: integer, now: integer }
/** Whether the sender of the append still combines. */
const combines = z.boolean().optional()
const refused = { ok: z.literal(false), ...head, combines }

export const openAnswer = z.object({ ...head, epoch: integer, min_reader: integer })

/** The channel, for a process that listens. */
export const channelAnswer = z.object({ channel: z.string() })

// It was checked when it was written, or is a row of the user's. It comes from JSON.parse, so it is JSON.
export const json = z.unknown().transform((value) => (value ?? null) as Json)

export const dataAnswer = z.array(
  z
    .object({
      job_id: z.string(),
      payload: json,
      result: json,
      error: json,
      checkpoint: json,
      progress: json,
      trace: z.unknown().transform((kept) => jobTrace((kept ?? null) as Json)),
      row: json.transform((row) => row as { readonly [column: string]: Json } | null),
    })
    .transform(({ job_id: jobId, ...data }) => ({ jobId, ...data })),
)

export const payloadsAnswer = z.array(
  z
    .object({
      job_id: z.string(),
      seq: integer.nullable(),
      // The log may have been changed: what is no hash is none.
      hash: z.unknown().transform((hash) => (Number.isSafeInteger(hash) ? (hash as number) : null)),
      payload: json,
    })
    .transform(({ job_id: jobId, ...kept }) => ({ jobId, ...kept })),
)

/** A row of `job_queue_once`, without its job. */
const onceRow = z.object({
  seq: integer,
  until: integer.nullable(),
  body: integer,
  payload_hash: integer.nullable(),
  has_data: z.boolean(),
  stands_for: z.string().nullable(),
})

const onceRecord = onceRow
  .extend({ job_id: z.string() })
  .transform(
    ({ job_id: jobId, payload_hash: payloadHash, has_data: hasData, stands_for: standsFor, ...kept }) => ({
      jobId,
      ...kept,
      ...(standsFor === null ? undefined : { standsFor }),
      ...(hasData ? { hasData } : undefined),
      ...(payloadHash === null ? undefined : { payloadHash }),
    }),
  )

export const watchAnswer = z
  .object({ is_announced: z.boolean(), notes: z.array(z.object({ job_id: z.string(), progress: json })) })
  .transform(({ is_announced: isAnnounced, notes }) => ({
    isAnnounced,
    notes: notes.map(({ job_id: jobId, progress }) => ({ jobId, progress })),
  }))

export const checkIncomingAnswer = z.array(
  z.object({ row: z.string(), stored: z.string(), logged: z.string() }),
)

export const checkOnceAnswer = z.array(
  z
    .object({ job_id: z.string(), stored: onceRow.nullable(), logged: onceRow.nullable() })
    .transform(({ job_id: jobId, ...rows }) => ({ jobId, ...rows })),
)

export const appendAnswer = z.union([
  z.object({
    ok: z.literal(true),
    ...head,
    data: dataAnswer.optional(),
    beat: beatAnswer.optional(),
    published: published.optional(),
    combines,
    projected: z.lazy(() => projectAnswer).optional(),
  }),
  z.discriminatedUnion('reason', [
    z
      .object({ ...refused, reason: z.literal('version'), epoch: integer, missed: events, voided })
      .transform(({ voided: voids, ...answer }) => ({
        ...answer,
        missed: decodeEvents(answer.missed, voids),
      })),
    z.object({
      ...refused,
      reason: z.literal('known'),
      known: z.array(
        z
          .object({ command_id: z.string(), command_hash: integer, seqs: z.array(integer) })
          .transform((row) => ({ commandId: row.command_id, commandHash: row.command_hash, seqs: row.seqs })),
      ),
    }),
    z
      .object({ ...refused, reason: z.literal(['taken', 'requested', 'ending']), job_ids: ids })
      .transform(({ job_ids: jobIds, ...answer }) => ({ ...answer, jobIds })),
    z.object({ ...refused, reason: z.literal('once'), once: z.array(onceRecord) }),
    z.object({ ...refused, reason: z.literal('submissions'), ids: z.array(integer) }),
    z
      .object({ ...refused, reason: z.literal(['dead_worker', 'live_worker']), worker_ids: ids })
      .transform(({ worker_ids: workerIds, ...answer }) => ({ ...answer, workerIds })),
    z
      .object({ ...refused, reason: z.literal('unstaged'), command_ids: ids })
      .transform(({ command_ids: commandIds, ...answer }) => ({ ...answer, commandIds })),
    z.object({ ...refused, reason: z.literal(['clock', 'log_went_back']) }),
  ]),
])

export const turnAnswer = z
  .object({ ...head, epoch: integer, since_at: integer.nullable(), missed: events, voided })
  .transform(({ since_at: sinceAt, voided: voids, ...view }) => ({
    ...view,
    sinceAt,
    missed: decodeEvents(view.missed, voids),
  }))

export const rebuildAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), ...head, removed: integer, written: integer }),
  z.object({ ok: z.literal(false), ...head }),
])

export const snapshotAnswer = z.object({ seq: integer, state: z.unknown() }).nullable()

export const chunkAnswer = z.object({ body: z.string() }).nullable()

export const putSnapshotAnswer = z.object({ kept: z.boolean(), incomplete: z.boolean().optional() })

export const claimCutAnswer = z.object({ through: integer.nullable() })

export const chainAnswer = z
  .object({
    version: integer,
    chain_from: integer,
    start: z.string().nullable(),
    head: z.string(),
    events: z.array(
      z
        .tuple([integer, z.string(), z.string().nullable()])
        .transform(([seq, text, hash]) => ({ seq, text, hash })),
    ),
  })
  .transform(({ chain_from: chainFrom, ...page }) => ({ ...page, chainFrom }))
  .nullable()

export const keptAnswer = z
  .object({ first: integer, through: integer, missing: integer.nullable(), changed: z.boolean() })
  .nullable()

export const archiveAnswer = z
  .object({ archived_seq: integer, archived: integer, unkept: integer })
  .transform(({ archived_seq: archivedSeq, ...counts }) => ({ archivedSeq, ...counts }))

const page = z.object({ ...head, epoch: integer, archived_seq: integer, events, voided })

export const readAnswer = page.transform(({ archived_seq: archivedSeq, voided: voids, ...read }) => ({
  ...read,
  archivedSeq,
  events: decodeEvents(read.events, voids),
}))

/** A page of the log with its rows as they are stored, unchecked. */
export const rowsAnswer = page
  .extend({ events: z.array(z.unknown()) })
  .transform(({ archived_seq: archivedSeq, voided: voids, events: rows, ...read }) => {
    const known = parseVoids(voids)
    return { ...read, archivedSeq, rows: rows.map((row) => asRead(row, known)) }
  })

export const projectAnswer = z
  .object({
    projected_seq: integer,
    version: integer,
    written: integer,
    set_aside: integer,
    busy: z.boolean(),
    targets: integer,
    took_ms: integer.optional(),
    refused: z
      .array(z.object({ target: z.string(), sqlstate: z.string(), rows: integer, example: z.string() }))
      .default([]),
  })
  .transform(({ projected_seq: projectedSeq, set_aside: setAside, took_ms: tookMs, ...step }) => ({
    ...step,
    projectedSeq,
    setAside,
    tookMs,
  }))

export const arrivalsAnswer = z.array(
  z
    .object({
      arrival_id: integer,
      job_id: z.string().nullable(),
      models: z.array(z.unknown()),
      priority: integer.nullable(),
      job_type: z.string().nullable(),
      kind: z.string().nullable(),
      fair_key: z.string().nullable(),
      dedupe_key: z.string().nullable(),
      dedupe_while: z.string().nullable(),
      requirements: z.unknown().optional(),
    })
    .transform((row) => ({
      arrivalId: row.arrival_id,
      jobId: row.job_id,
      models: row.models,
      priority: row.priority,
      jobType: row.job_type,
      kind: row.kind,
      fairKey: row.fair_key,
      dedupeKey: row.dedupe_key,
      dedupeWhile: row.dedupe_while,
      ...(row.requirements == null ? undefined : { requirements: row.requirements }),
    })),
)

export const adoptableAnswer = z.object({
  totals: z.record(z.string(), integer).nullable(),
  rows: z.array(
    z
      .object({
        job_id: z.string(),
        state: z.enum(['pending', 'running']),
        models: z.array(z.unknown()),
        priority: integer.nullable(),
        job_type: z.string().nullable(),
        kind: z.string().nullable(),
        since: integer.nullable(),
      })
      .transform(({ job_id: jobId, job_type: jobType, ...row }) => ({ jobId, jobType, ...row })),
  ),
})

export const idsAnswer = z.array(z.string())

/** What `job_queue_results` answers. */
export const resultsAnswer = z
  .object({
    results: z.array(z.object({ job_id: z.string(), result: z.unknown() })).optional(),
    bytes: integer.optional(),
  })
  .transform(({ results = [], bytes }) =>
    bytes === undefined ? new Map(results.map(({ job_id, result }) => [job_id, result as Json])) : bytes,
  )

/** What `job_queue_endings` answers. */
export const endingsAnswer = z.array(
  z
    .object({ job_id: z.string(), outcome: z.enum(outcomes) })
    .transform(({ job_id, outcome }) => [job_id, outcome] as const),
)

const parents = z.array(
  z
    .object({ job: z.string(), goes_on: z.boolean() })
    .transform(({ job, goes_on }): ParentChoice => (goes_on ? { job, goesOn: true } : { job })),
)

export const deadAnswer = z.array(
  z
    .object({
      job_id: z.string(),
      seq: integer,
      at: integer,
      code: z.enum([...failureCodes, 'lease_expired', 'expired']),
      attempts: integer,
      queued: z.unknown().transform(lifeOf),
      error: json,
      after: parents.optional(),
    })
    .transform(({ job_id: jobId, queued, after, ...job }) => ({
      jobId,
      ...job,
      ...queued,
      ...(after === undefined ? undefined : { after }),
    })),
)

/** With what it began, and which life it is or tries again. */
function lifeOf(row: unknown): { readonly spec: JobSpec; readonly life: number } {
  const event = decodeEvent(row)
  if (event.type === 'queued') return { spec: event.spec, life: event.retryOf ?? event.seq }
  throw new InterlockError('corrupt_log', `event ${event.seq} of the log should be the \`queued\` of a job`)
}

/** What `job_queue_incoming` answers. */
export const incomingAnswer = z.object({
  requests: z.array(
    z
      .object({ request_id: z.string(), command: json })
      .transform(({ request_id: requestId, command }) => ({ requestId, command })),
  ),
  submissions: z.array(z.object({ id: integer, job: json })),
})

/** What `job_queue_submit_call` answers. */
export const submitCallAnswer = z.union([
  z.object({ ok: z.literal(true) }),
  z.object({
    ok: z.literal(false),
    reason: z.enum(['reused', 'unstaged', 'changed']),
    once: z.array(onceRecord).default([]),
  }),
])

const calledJobs = z.array(
  z.object({ id: integer, job_id: z.string() }).transform(({ id, job_id: jobId }) => ({ id, jobId })),
)
const heldJobs = z.array(
  z
    .object({ job_id: z.string(), reason: z.string().nullable() })
    .transform(({ job_id: jobId, reason }) => ({ jobId, reason: reason ?? '' })),
)
const standIn = z
  .object({ job_id: z.string(), stands_for: z.string() })
  .transform(({ job_id: jobId, stands_for: standsFor }) => ({ jobId, standsFor }))

/** What `job_queue_submitted_call` answers. */
export const submittedCallAnswer = z
  .object({
    is_reused: z.boolean(),
    is_taken: z.boolean(),
    left: integer,
    open: calledJobs,
    held: heldJobs,
    answer: z
      .object({ known: z.array(z.string()), deduplicated: z.array(standIn).default([]) })
      .transform(({ known, deduplicated: doubles }) => ({ known, doubles }))
      .nullable(),
  })
  .transform(({ is_reused: isReused, is_taken: isTaken, ...rest }) => ({ isReused, isTaken, ...rest }))
  .nullable()

export const endOfAnswer = z
  .object({ request_id: z.string(), command: json, decided: z.boolean() })
  .transform(({ request_id: requestId, command, decided: isDecided }) => ({ requestId, command, isDecided }))
  .nullable()

export const countAnswer = integer

export const flagAnswer = z.boolean()
