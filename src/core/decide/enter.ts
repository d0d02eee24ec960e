import type { CommandBody, CommandResult, Refusal, Waiting } from '../command.ts'
import { grant, takeJob } from '../grant.ts'
import type { JobSpec } from '../job.ts'
import { type Job, jobOf } from '../ledger.ts'
import { waitingFor } from '../reason.ts'
import type { Scribe } from '../scribe.ts'
import { bypass } from './bypass.ts'
import { accepted, refused, startedJob } from './result.ts'

type Body<T extends CommandBody['type']> = CommandBody & { readonly type: T }

/**
 * Puts jobs in line, all or none. A job that is live already with the same spec is left as it is, and with `intake`
 * whatever its spec: its row was taken in before.
 */
export function enqueue(scribe: Scribe, { specs, intake }: Body<'enqueue'>): CommandResult {
  const fresh: JobSpec[] = []
  const seen = new Map<string, JobSpec>()
  for (const spec of specs) {
    const isNew = jobOf(scribe.draft, spec.jobId) === undefined && !seen.has(spec.jobId)
    const refusal = isNew || intake !== true ? refuse(scribe, spec, seen.get(spec.jobId)) : undefined
    if (refusal !== undefined) return refusal
    if (isNew) fresh.push(spec)
    seen.set(spec.jobId, spec)
  }
  for (const spec of fresh) queue(scribe, spec, intake === true ? { intake } : {})
  grant(scribe)
  return accepted(scribe, tellWaiting(scribe, fresh))
}

/** The gate: starts the job in the asking process if it may start, else says why not and leaves it in line. */
export function ask(scribe: Scribe, { spec, wait }: Body<'ask'>): CommandResult {
  const refusal = refuse(scribe, spec, undefined)
  if (refusal !== undefined) return refusal
  const known = jobOf(scribe.draft, spec.jobId)
  if (known?.active === true) return askActive(scribe, known)
  const fresh = known === undefined
  // One that stands in line already (it was enqueued) may be taken by a worker as well: it is started, not passed by.
  if (fresh && spec.models.length === 0 && scribe.draft.policy.emptySet === 'bypass')
    return bypass(scribe, { type: 'bypass', jobId: spec.jobId, jobType: spec.jobType })
  if (fresh) queue(scribe, spec, wait ? { asked: true } : {})
  else if (wait && known.asker !== scribe.command.workerId)
    setAsker(scribe, spec.jobId, scribe.command.workerId)
  scribe.draft.wide ||= !fresh
  grant(scribe)
  takeJob(scribe, spec.jobId)
  const job = jobOf(scribe.draft, spec.jobId)
  if (job === undefined || job.active) return accepted(scribe)
  if (fresh) tellWaiting(scribe, [spec])
  return accepted(scribe, [waitingFor(scribe.draft, job, scribe.now)])
}

/** The asker gave up: the job stays in line, for anybody. Nothing to do where somebody else asks for it by now. */
export function unask(scribe: Scribe, { jobId }: Body<'unask'>): CommandResult {
  const job = jobOf(scribe.draft, jobId)
  if (job === undefined || job.active || job.asker !== scribe.command.workerId) return accepted(scribe)
  setAsker(scribe, jobId, null)
  grant(scribe)
  return accepted(scribe)
}

function setAsker(scribe: Scribe, jobId: string, asker: string | null): void {
  scribe.record({ type: 'asked', jobId, asker, workerId: scribe.command.workerId })
}

function askActive(scribe: Scribe, job: Job): CommandResult {
  if (job.workerId !== scribe.command.workerId) {
    return refused('not_holder', `job ${job.jobId} is active in another process; ask again when it has ended`)
  }
  return { ...accepted(scribe), started: [startedJob(job, scribe.draft.epoch)] }
}

function queue(scribe: Scribe, spec: JobSpec, how: { asked?: true; intake?: true }): void {
  const { workerId } = scribe.command
  scribe.record({ type: 'queued', jobId: spec.jobId, spec, workerId, ...how })
}

function refuse(scribe: Scribe, spec: JobSpec, twin: JobSpec | undefined): Refusal | undefined {
  const { jobId, models } = spec
  if (models.length === 0 && scribe.draft.policy.emptySet === 'reject') {
    return refused(
      'models_required',
      `job ${jobId} names no model, and the policy of the queue rejects such jobs; name its models or set emptySet`,
    )
  }
  const known = twin ?? jobOf(scribe.draft, jobId)?.spec
  if (known === undefined || isSameSpec(known, spec)) return undefined
  return refused(
    'job_exists',
    `job ${jobId} is live with another body; wait until it has ended, cancel it, or use another id`,
  )
}

/** Ids live in one queue; two specs are the same when nothing in them differs, the order of models included. */
function isSameSpec(a: JobSpec, b: JobSpec): boolean {
  return (
    a.jobType === b.jobType &&
    a.kind === b.kind &&
    a.priority === b.priority &&
    a.runAt === b.runAt &&
    a.attempts === b.attempts &&
    a.timeoutMs === b.timeoutMs &&
    a.expireMs === b.expireMs &&
    a.models.length === b.models.length &&
    a.models.every((model, i) => model === b.models[i])
  )
}

/** Records once, for each new job that has to wait, why: `conflict` if a model is held, `blocked` for all else. */
function tellWaiting(scribe: Scribe, specs: readonly JobSpec[]): Waiting[] {
  return specs.flatMap((spec) => {
    const job = jobOf(scribe.draft, spec.jobId)
    if (job === undefined || job.active || job.offeredAt !== null) return []
    const waiting = waitingFor(scribe.draft, job, scribe.now)
    const { jobId, code: reason, blockedBy } = waiting
    const type = reason === 'model_in_use' ? 'conflict' : 'blocked'
    scribe.record({ type, jobId, reason, blockedBy, model: blockedBy === null ? null : job.blockedOn })
    return [waiting]
  })
}
