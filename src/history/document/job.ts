import { type JobRow, MICROS_PER_SECOND } from '../../core/index.ts'
import { isoTimeOrNull } from '../../format/index.ts'

/** A live job in the words of the TypeScript API: times as ISO texts. */
export type JobDocument = ReturnType<typeof jobDocument>

export function jobDocument(row: JobRow) {
  return {
    jobId: row.job_id,
    state: row.state,
    jobType: row.job_type,
    kind: row.kind,
    models: row.models,
    priority: row.priority,
    queuedAt: isoTimeOrNull(row.queued_at),
    ...standingOf(row),
    dueAt: isoTimeOrNull(row.due_at),
    startedAt: isoTimeOrNull(row.started_at),
    /** When its waiting ends, or its attempt times out. */
    expiresAt: isoTimeOrNull(row.expires_at),
    attempt: row.attempt,
    attempts: row.attempts,
    workerId: row.worker_id,
    detached: row.state === 'active' && row.worker_id === null,
    fencingToken: row.fencing_token,
    cancelRequested: row.cancel_requested,
    blockedBy: row.blocked_by_job_id,
    reason: row.conflict_reason,
  }
}

/**
 * What the place in line is made of: `level` goes first, whatever the waiting (strict priority), and the job stands as if it had
 * come `aheadSeconds` earlier than it did (priority, a move) or, when that is negative, later (fair share).
 */
export const standingOf = (row: JobRow) => ({
  level: row.place_level,
  aheadSeconds: (row.queued_at - row.place_order) / MICROS_PER_SECOND,
})

/** Order of the line, as `job_queue_jobs` has it. */
export const inLineOrder = (a: JobRow, b: JobRow): number =>
  a.place_level - b.place_level || a.place_order - b.place_order || a.place_tie - b.place_tie
