import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { heldModels, type Job, triesOf } from '../state/job.ts'
import { jobOf } from '../state/ledger.ts'
import { spokenOf } from '../state/serving.ts'
import type { CommandResult } from '../values/command.ts'
import { costsAttempt, type FailureCode, type RequeueReason } from '../values/event.ts'
import type { Micros, Uses } from '../values/job.ts'
import { heldJob } from './fencing.ts'
import { holdAfterLoss } from './pause.ts'
import { accepted, type Body, refused, usedIn } from './result.ts'

export function complete(scribe: Scribe, body: Body<'complete'>): CommandResult {
  const { jobId } = body
  const job = heldJob(scribe, body)
  if ('ok' in job) return job
  const { workerId } = scribe.command
  scribe.record({ type: 'completed', jobId, token: job.token, workerId, ...usedIn(body) })
  return afterEnd(scribe)
}

/**
 * Another attempt follows while attempts are left and the caller named a time. A job that was asked to stop has stopped with
 * this.
 */
export function fail(scribe: Scribe, body: Body<'fail'>): CommandResult {
  const { code, retryAt } = body
  const job = heldJob(scribe, body)
  if ('ok' in job) return job
  failAttempt(scribe, job, code, retryAt, body.used)
  return afterEnd(scribe)
}

function failAttempt(scribe: Scribe, job: Job, code: FailureCode, retryAt: Micros | null, used?: Uses): void {
  if (job.cancelRequested) return stop(scribe, job, used)
  const { jobId, token } = job
  const final = retryAt === null || !hasAttemptsLeft(job)
  const { workerId } = scribe.command
  scribe.record({ type: 'failed', jobId, token, code, final, workerId, ...usedIn({ used }) })
  if (!final) requeue(scribe, jobId, 'retry', retryAt)
}

/** The attempt of a job that was asked to stop is over. */
function stop(scribe: Scribe, { jobId, token }: Job, used: Uses | undefined): void {
  const { workerId } = scribe.command
  scribe.record({ type: 'cancelled', jobId, token, workerId, ...usedIn({ used }) })
}

/** The attempt took longer than it may, and its holder did not say so. Another one may follow at once. */
export function timeOut(scribe: Scribe, job: Job): void {
  failAttempt(scribe, job, 'timed_out', scribe.now)
}

/**
 * Gives the attempt back. Releases that cost no attempt may repeat for ever: only the caller knows when to stop. A job that was
 * asked to stop has stopped with this, and does not come back.
 */
export function release(scribe: Scribe, body: Body<'release'>): CommandResult {
  const { jobId, reason, runAt, models } = body
  const job = heldJob(scribe, body)
  if ('ok' in job) return job
  if (job.cancelRequested) {
    stop(scribe, job, body.used)
    return afterEnd(scribe)
  }
  const final = costsAttempt(reason) && !hasAttemptsLeft(job)
  scribe.record({
    type: 'failed',
    jobId,
    token: job.token,
    code: 'released',
    final,
    workerId: scribe.command.workerId,
    ...usedIn(body),
  })
  if (!final) requeue(scribe, jobId, reason, runAt, models)
  return afterEnd(scribe)
}

/**
 * The attempt goes on without one of its models. Who waits for that starts in the same append. There is no way back: it would hold models
 * and wait for another, as in a deadlock.
 */
export function done(scribe: Scribe, body: Body<'done'>): CommandResult {
  const { jobId, model } = body
  const job = heldJob(scribe, body)
  if ('ok' in job) return job
  const { models } = job.spec
  if (!models.includes(model))
    return refused(
      'invalid_input',
      `model: job ${jobId} does not have ${model}; it began with ${listOf(models)}`,
    )
  if (job.batch !== null)
    return refused(
      'invalid_input',
      `model: job ${jobId} runs in batch ${job.batch}, whose jobs have their models in common; they are free when the last of it has ended`,
    )
  if (!heldModels(job).includes(model)) return accepted(scribe)
  scribe.record({ type: 'model_released', jobId, token: job.token, model, workerId: scribe.command.workerId })
  dispatch(scribe)
  return accepted(scribe)
}

const listOf = (models: readonly string[]): string => (models.length === 0 ? 'none' : models.join(', '))

/** The most events that the losses of one command make. Its sender sends it again while any of these workers holds an attempt. */
const MOST_OF_LOSSES = 10_000

/** The leases of these worker processes are over, so every attempt of theirs ends. The store checks that it is true. */
export function expireLeases(scribe: Scribe, { workerIds, retryAt }: Body<'expire_leases'>): CommandResult {
  const gone = new Set(workerIds)
  for (const workerId of spokenOf(scribe.draft))
    if (gone.has(workerId)) scribe.record({ type: 'worker_gone', workerId })
  const lost = [...scribe.draft.active].flatMap((position) => {
    const job = scribe.draft.jobs.get(position)
    return job !== undefined && job.workerId !== null && gone.has(job.workerId) && !scribe.isEnding(job.jobId)
      ? [job]
      : []
  })
  const taken = lost.slice(0, withinBound(lost))
  const held = taken.map(heldModels)
  for (const job of taken) expireLease(scribe, job, retryAt)
  for (const models of held) holdAfterLoss(scribe, models)
  return afterEnd(scribe)
}

/** How many of them fit: each makes two events at most, and a pause for each of its models that is new here. */
function withinBound(lost: readonly Job[]): number {
  const models = new Set<string>()
  for (const [index, { spec }] of lost.entries()) {
    for (const model of spec.models) models.add(model)
    if (2 * (index + 1) + models.size > MOST_OF_LOSSES) return Math.max(1, index)
  }
  return lost.length
}

/** If the job was asked to stop, the attempt is lost and the job is cancelled: it is no dead letter, and nobody revives it. */
function expireLease(scribe: Scribe, job: Job, retryAt: Micros | null): void {
  const { jobId, token, workerId, cancelRequested } = job
  const final = !cancelRequested && !hasAttemptsLeft(job)
  scribe.record({ type: 'lease_expired', jobId, token, workerId: workerId ?? '', final })
  if (cancelRequested)
    scribe.record({ type: 'cancelled', jobId, token: null, workerId: scribe.command.workerId })
  else if (!final) requeue(scribe, jobId, 'lease_expired', retryAt)
}

/** @param models what it needs from now on; unless given, all that it needed at first: of that it may have given back some. */
function requeue(
  scribe: Scribe,
  jobId: string,
  reason: RequeueReason,
  runAt: Micros | null,
  models = wholeSetOf(jobOf(scribe.draft, jobId)),
): void {
  scribe.record({
    type: 'requeued',
    jobId,
    reason,
    runAt: runAt !== null && runAt > scribe.now ? runAt : null,
    ...(models === undefined ? {} : { models }),
  })
}

/** Undefined: its last attempt had all of them. */
export const wholeSetOf = (job: Job | undefined): readonly string[] | undefined =>
  job === undefined || job.gaveBack === null ? undefined : job.spec.models

/** A job that kills its worker is counted too: the attempts started, less those given back. */
function hasAttemptsLeft(job: Job): boolean {
  const { attempt, attempts } = triesOf(job)
  return attempt < attempts
}

/** Hands on what the end freed, and records when a draining queue has become empty. */
export function afterEnd(scribe: Scribe): CommandResult {
  const { draft } = scribe
  if (draft.draining && draft.active.size === 0 && draft.drainedAt === null)
    scribe.record({ type: 'drained' })
  dispatch(scribe)
  return accepted(scribe)
}
