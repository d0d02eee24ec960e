import type { Job, Ledger } from '../core/index.ts'
import type { AuditedJob } from './job.ts'
import type { AuditState } from './state.ts'

/**
 * Begins in the middle of a log whose beginning is gone: with what the snapshot at the cut says of the queue then. That is taken
 * as it is; what comes after it is judged as ever.
 */
export function beginAt(state: AuditState, ledger: Ledger): void {
  const { lines } = state
  state.beginAt(ledger)
  lines.policy = ledger.policy
  for (const { model } of ledger.pauses) lines.pause(model)
  for (const { model, starts } of ledger.models) if (starts !== null) lines.rates.recall(model, [...starts])
  const jobs = [...ledger.jobs].map((job) => [job, auditedAt(job)] as const)
  for (const [job, audited] of jobs.toSorted(([a], [b]) => a.queuedAt - b.queuedAt)) {
    state.jobs.set(job.jobId, audited)
    lines.shares.move(audited, job.active ? 0 : 1, job.active ? 1 : 0)
    if (job.active) lines.take(audited)
    else if (audited.state === 'waiting' && audited.dueAt === null) lines.enter(audited)
    if (job.offeredAt !== null) lines.offers.add(audited, job.offeredAt)
  }
  lines.offers.excuseAll()
  state.maxConcurrent = lines.slots
}

function auditedAt(job: Job): AuditedJob {
  const { level, order, tie } = job.place
  // The cut may lie between the end of an attempt and the `requeued` that follows it in the same append.
  const isBetween = job.dueAt === Number.POSITIVE_INFINITY
  return {
    jobId: job.jobId,
    spec: job.spec,
    queuedAt: job.queuedAt,
    alone: job.exclusive,
    place: { level, order, tie },
    state: job.active ? 'active' : isBetween ? 'between' : 'waiting',
    dueAt: isBetween ? null : job.dueAt,
    held: false,
    token: job.token,
    detached: job.detachedUntil !== null,
    attempt: job.attempt,
    free: job.free,
    overtaken: job.overtaken,
    offered: false,
    offeredAt: 0,
    entered: 0,
    parkedOn: null,
  }
}
