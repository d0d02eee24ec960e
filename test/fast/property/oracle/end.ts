import type { ErrorCode, Uses } from '../../../../src/engine/core/index.ts'
import { type Answer, type Body, granted } from './answer.ts'
import type { Clerk } from './clerk.ts'
import { childrenOf, type Entry, inOrder, needs, type Queue, ruleOf } from './queue.ts'

export function detach(clerk: Clerk, { jobId, token, until }: Body<'detach'>): Answer {
  const refusal = attemptRefusal(clerk, jobId, token)
  if (refusal !== null) return refusal
  const job = clerk.jobOf(jobId) as Entry
  if (until <= clerk.now || until > clerk.now + 365 * 86_400 * 1_000_000) return 'invalid_input'
  if (job.detachedUntil === until) return []
  clerk.record({ type: 'detached', jobId, token, until, workerId: clerk.command.workerId })
  Object.assign(job, { workerId: null, detachedUntil: until })
  return []
}

/** Whatever the model was kept from starts. */
export function done(clerk: Clerk, { jobId, token, model }: Body<'done'>): Answer {
  const refusal = attemptRefusal(clerk, jobId, token)
  if (refusal !== null) return refusal
  const job = clerk.jobOf(jobId) as Entry
  if (!job.spec.models.includes(model) || job.batch !== null) return 'invalid_input'
  if (job.gaveBack.includes(model)) return []
  const at = clerk.record({ type: 'model_released', jobId, token, model, workerId: clerk.command.workerId })
  const places = Object.entries(job.places ?? {}).filter(([name]) => name !== model)
  job.gaveBack = [...job.gaveBack, model]
  job.gaveBackAt = { ...job.gaveBackAt, [model]: at }
  job.places = places.length === 0 ? null : Object.fromEntries(places)
  job.wholes = Object.fromEntries(Object.entries(job.wholes).filter(([name]) => name !== model))
  return granted(clerk)
}

/** Ends an attempt, if the sender may speak for it. */
export function end(clerk: Clerk, jobId: string, token: number | null, how: (job: Entry) => void): Answer {
  const refusal = attemptRefusal(clerk, jobId, token)
  if (refusal !== null) return refusal
  how(clerk.jobOf(jobId) as Entry)
  return afterEnd(clerk)
}

export function attemptRefusal(clerk: Clerk, jobId: string, token: number | null): ErrorCode | null {
  const job = clerk.jobOf(jobId)
  if (job?.active !== true) return 'job_not_active'
  if (token === null && job.workerId !== clerk.command.workerId) return 'not_holder'
  return token !== null && token !== job.token ? 'stale_token' : null
}

export function afterEnd(clerk: Clerk): Answer {
  const { queue } = clerk
  if (queue.draining && !queue.drained && !queue.jobs.some((job) => job.active)) {
    clerk.record({ type: 'drained' })
    queue.drained = true
  }
  return granted(clerk)
}

function hasAttemptsLeft({ attempt, free, spec }: Entry): boolean {
  return attempt - free < spec.attempts
}

export function fail(clerk: Clerk, job: Entry, { code, retryAt, ...said }: Body<'fail'>): void {
  const used = usedIn(said)
  if (job.cancelRequested) return stop(clerk, job, used)
  const { jobId, token } = job
  const final = retryAt === null || !hasAttemptsLeft(job)
  clerk.record({ type: 'failed', jobId, token, code, final, workerId: clerk.command.workerId, ...used })
  if (final) clerk.leave(job, 'failed')
  else clerk.requeue(job, 'retry', retryAt)
}

export function release(clerk: Clerk, job: Entry, { runAt, models, ...said }: Body<'release'>): void {
  const used = usedIn(said)
  if (job.cancelRequested) return stop(clerk, job, used)
  const { jobId, token } = job
  const { workerId } = clerk.command
  clerk.record({ type: 'failed', jobId, token, code: 'released', final: false, workerId, ...used })
  clerk.requeue(job, 'later', runAt, models)
}

/** What the attempt says that it has used. */
export const usedIn = ({ used }: { readonly used?: Uses }) => (used === undefined ? {} : { used })

/** It was asked to stop: however its attempt ends short of success, it is cancelled. */
export function stop(clerk: Clerk, job: Entry, used: ReturnType<typeof usedIn>): void {
  const { jobId, token } = job
  clerk.record({ type: 'cancelled', jobId, token, workerId: clerk.command.workerId, ...used })
  clerk.leave(job, 'cancelled')
}

function holdAfterLoss(clerk: Clerk, model: string): void {
  const { policy, pauses } = clerk.queue
  const seconds = ruleOf(policy.holdAfterLossSeconds, model) ?? 0
  const until = clerk.now + seconds * 1_000_000
  const isLonger = pauses.some((pause) => pause.model === model && (pause.until ?? Infinity) >= until)
  if (seconds > 0 && !isLonger) clerk.pause(model, 'lease_lost', until)
}

export function cancel(clerk: Clerk, { jobId, force, descendants }: Body<'cancel'>): Answer {
  const { workerId } = clerk.command
  const job = clerk.jobOf(jobId)
  if (job === undefined) return 'job_not_live'
  const later = descendants === true ? comingAfter(clerk.queue, job) : []
  for (const one of later.slice(0, MOST_CANCELLED)) {
    clerk.record({ type: 'cancelled', jobId: one.jobId, token: null, workerId })
    clerk.leave(one, 'cancelled')
  }
  if (later.length >= MOST_CANCELLED) return granted(clerk)
  if (job.active && !force) {
    if (!job.cancelRequested) clerk.record({ type: 'cancel_requested', jobId, workerId })
    job.cancelRequested = true
    return []
  }
  clerk.record({ type: 'cancelled', jobId, token: job.active ? job.token : null, workerId })
  clerk.leave(job, 'cancelled')
  return afterEnd(clerk)
}

/** By one command, without the job itself. */
const MOST_CANCELLED = 500

/** All that come after it, each behind those that come after itself. */
function comingAfter(queue: Queue, job: Entry, known = new Set<Entry>()): readonly Entry[] {
  return childrenOf(queue, job).flatMap((child) => {
    if (known.has(child)) return []
    known.add(child)
    return [...comingAfter(queue, child, known), child]
  })
}

export function expireLeases(clerk: Clerk, { workerIds, retryAt }: Body<'expire_leases'>): Answer {
  const spoken = [...clerk.queue.servers, ...clerk.queue.keepers].map(({ worker }) => worker)
  for (const worker of new Set(spoken)) if (workerIds.includes(worker)) clerk.serve(worker, null)
  const lost = clerk.queue.jobs.filter((job) => job.active && workerIds.includes(job.workerId ?? ''))
  const held = lost.sort(inOrder).flatMap((job) => job.spec.models.filter((model) => needs(job, model)))
  for (const job of lost) {
    const { jobId, token, workerId } = job
    const final = !job.cancelRequested && !hasAttemptsLeft(job)
    clerk.record({ type: 'lease_expired', jobId, token, workerId: workerId ?? '', final })
    if (job.cancelRequested)
      clerk.record({ type: 'cancelled', jobId, token: null, workerId: clerk.command.workerId })
    if (final || job.cancelRequested) clerk.leave(job, final ? 'failed' : 'cancelled')
    else clerk.requeue(job, 'lease_expired', retryAt)
  }
  for (const model of held) holdAfterLoss(clerk, model)
  return afterEnd(clerk)
}
