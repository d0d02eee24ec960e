import { overLimit } from '../needs/meter.ts'
import { conflictReason, limitReason, overLimitText, unservedReason } from '../needs/told.ts'
import {
  awaitsParents,
  dueTime,
  type HeldBack,
  heldModels,
  isInLine,
  type Job,
  triesOf,
  usesSlot,
} from '../state/job.ts'
import { jobOf, type Ledger, waitingCount } from '../state/ledger.ts'
import { spokenOf } from '../state/serving.ts'
import type { JobSpec } from '../values/job.ts'
import type { Policy } from '../values/policy.ts'
import { statusOf } from './law/state.ts'
import { DUE_AFTER_PARENTS, type JobRow, type ProjectionChanges, type StateRow } from './row.ts'
import { expiresAt, timesOutAt } from './timing.ts'

/** The rows to write when `before` becomes `after`: those of the touched jobs, and the state of the queue. */
export function projectionChanges(
  before: Ledger,
  after: Ledger,
  touched: ReadonlySet<string>,
): ProjectionChanges {
  const jobs: JobRow[] = []
  const gone: string[] = []
  for (const jobId of touched) {
    const job = jobOf(after, jobId)
    if (job !== undefined) jobs.push(jobRow(job, after.policy))
    else if (jobOf(before, jobId) !== undefined) gone.push(jobId)
  }
  return { state: stateRow(after, before.policy !== after.policy), jobs, gone }
}

/** All rows of a ledger: what `verify` compares with and `rebuild` writes. */
export function projectionOf(ledger: Ledger): { readonly state: StateRow; readonly jobs: readonly JobRow[] } {
  return {
    state: stateRow(ledger, true),
    jobs: [...ledger.jobs]
      .map((job) => jobRow(job, ledger.policy))
      .sort((a, b) => (a.job_id < b.job_id ? -1 : 1)),
  }
}

/** The rows of these jobs, if they are live, and that of the queue. */
export function projectionAt(
  ledger: Ledger,
  jobIds: readonly string[],
): { readonly state: StateRow; readonly jobs: readonly JobRow[] } {
  return {
    state: stateRow(ledger, true),
    jobs: jobIds.flatMap((jobId) => {
      const job = jobOf(ledger, jobId)
      return job === undefined ? [] : [jobRow(job, ledger.policy)]
    }),
  }
}

function jobRow(job: Job, policy: Policy): JobRow {
  const { spec, position, blockedBy, blockedOn } = job
  return {
    job_id: job.jobId,
    state: job.active ? 'active' : 'waiting',
    job_type: spec.jobType,
    kind: spec.kind,
    models: heldModels(job),
    priority: job.priority,
    place_level: position.level,
    place_order: position.order,
    place_tie: position.tie,
    queued_at: job.queuedAt,
    due_at: awaitsParents(job) ? DUE_AFTER_PARENTS : dueTime(job),
    expires_at: job.active ? timesOutAt(job) : expiresAt(job),
    ...triesOf(job),
    timeout_ms: spec.timeoutMs,
    worker_id: job.workerId,
    fencing_token: job.active ? job.token : null,
    started_at: job.active ? job.startedAt : null,
    asks: spec.asks ?? null,
    places: job.active ? job.places : null,
    whole: spec.whole ?? null,
    cancel_requested: job.cancelRequested,
    blocked_by_job_id: blockedBy,
    blocked_on: job.held?.as === 'use_over_limit' ? null : (job.held?.on ?? blockedOn),
    conflict_reason: waitsFor(job, policy),
  }
}

function heldReason({ as, on }: HeldBack, spec: JobSpec, policy: Policy): string {
  switch (as) {
    case 'fits_no_place':
      return `no place of model ${on} has as much as it asks`
    case 'use_over_limit':
      return overLimitText(overLimit(policy, spec.uses))
    case 'no_worker':
      return unservedReason(on)
    case 'model_paused':
      return `${spec.models.includes(on) ? 'model' : 'place'} ${on} is paused`
  }
}

/** True for as long as the row says it, whatever else happens. */
function waitsFor(job: Job, policy: Policy): string | null {
  const { held, blockedBy, blockedOn, spec } = job
  if (awaitsParents(job)) return blockedBy === null ? null : `comes after job ${blockedBy}`
  if (held !== null) return heldReason(held, spec, policy)
  if (blockedBy !== null) return conflictReason({ jobId: blockedBy, model: blockedOn })
  const mayBeLimited = isInLine(job) && usesSlot(job) && job.offeredAt === null
  return mayBeLimited ? limitReason(spec, policy) : null
}

function stateRow(ledger: Ledger, withPolicy: boolean): StateRow {
  const oldest = oldestActive(ledger)
  return {
    status: statusOf(ledger),
    version: ledger.version,
    active_job_id: oldest?.jobId ?? null,
    active_job_type: oldest?.spec.jobType ?? null,
    active_models: activeModels(ledger),
    active_count: ledger.active.size,
    waiting_count: waitingCount(ledger),
    policy: withPolicy ? ledger.policy : null,
    servers: ledger.servers.length + ledger.keepers.length === 0 ? null : spokenOf(ledger),
    drained_at: ledger.drainedAt,
    updated_at: ledger.lastAt,
  }
}

function oldestActive(ledger: Ledger): Job | undefined {
  let oldest: Job | undefined
  for (const position of ledger.active) {
    const job = ledger.jobs.get(position)
    if (job !== undefined && (oldest === undefined || job.token < oldest.token)) oldest = job
  }
  return oldest
}

/** Models that somebody holds, sorted. */
function activeModels(ledger: Ledger): string[] {
  const names = new Set<string>()
  for (const position of ledger.active) {
    const job = ledger.jobs.get(position)
    if (job !== undefined) for (const name of heldModels(job)) names.add(name)
  }
  return [...names].sort()
}
