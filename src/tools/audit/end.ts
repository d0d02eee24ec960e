import type { RecordedEvent } from '../../engine/core/index.ts'
import { type AuditedJob, takesSlot } from './job.ts'
import type { AuditState } from './state.ts'

type EndType = 'completed' | 'failed' | 'cancelled' | 'lease_expired' | 'expired'
type EndEvent = RecordedEvent & { readonly type: EndType }

/** Ends an attempt, or a job that was still waiting. */
export function end(state: AuditState, event: EndEvent): void {
  const token = event.type === 'expired' ? null : event.token
  if (token === null) return endWaiting(state, event)
  const job = state.jobs.get(event.jobId)
  if (job === undefined || job.state !== 'active') {
    state.report('token', event.jobId, `token ${token} is not that of a live attempt`)
    return
  }
  if (job.token !== token) {
    state.report('token', job.jobId, `token ${token} ended it; its attempt has token ${job.token}`)
  }
  if (event.type === 'lease_expired' && job.detached)
    state.report(
      'token',
      job.jobId,
      `the lease of ${event.workerId} ended it, though it no longer depended on that lease`,
    )
  const used = event.type === 'lease_expired' || event.type === 'expired' ? {} : (event.used ?? {})
  const asked = job.spec.uses ?? {}
  if (takesSlot(job) && state.lines.stock.settle(asked, used, event.at)) state.counts.overruns++
  state.lines.giveBack(job)
  state.lines.turns.end(job, event.at)
  job.batch = null
  job.places = null
  state.active--
  const final = event.type === 'failed' || event.type === 'lease_expired' ? event.final : true
  if (final) return drop(state, job, event)
  state.lines.countWaiting(job, 1)
  job.state = 'between'
  state.between.add(job)
}

/** The attempt depends on no lease from now on. */
export function detach(state: AuditState, event: RecordedEvent & { readonly type: 'detached' }): void {
  const job = state.expect(event.jobId, 'active')
  if (job === undefined) return
  if (job.token !== event.token)
    state.report('token', job.jobId, `token ${event.token} detached it; its attempt has token ${job.token}`)
  job.detached = true
}

/** Others may have the model from now on. The attempt has it until it says so, and never again. */
export function giveBackModel(
  state: AuditState,
  event: RecordedEvent & { readonly type: 'model_released' },
): void {
  const job = state.expect(event.jobId, 'active')
  if (job === undefined) return
  const { token, model } = event
  if (job.token !== token)
    state.report('token', job.jobId, `token ${token} gave back ${model}; its attempt has token ${job.token}`)
  const hasIt = job.spec.models.includes(model) && !job.returned.has(model)
  if (hasIt && job.batch === null) {
    job.returned = new Map([...job.returned, [model, event.at]])
    return state.lines.giveBackModel(job, model)
  }
  const why = hasIt ? 'which the others of its batch have, too' : 'which it did not have'
  state.report('life', job.jobId, `it gave back ${model}, ${why}`, model)
}

function endWaiting(state: AuditState, event: EndEvent): void {
  const known = state.jobs.get(event.jobId)
  // The attempt was lost after it was asked to stop, so no other one follows.
  const isLost = event.type === 'cancelled' && known?.state === 'between'
  if (isLost) state.between.delete(known)
  const job = isLost ? known : state.expect(event.jobId, 'waiting')
  if (job === undefined) return
  if (event.type === 'failed' && !state.parents.failsBy(job.jobId, event.cause))
    state.report(
      'parents',
      job.jobId,
      `it failed, and no job that it comes after did because of ${event.cause}`,
    )
  state.lines.leave(job)
  state.lines.countWaiting(job, -1)
  drop(state, job, event)
}

/** For those who count jobs, the last expiry of a lease is a failure. */
function drop(state: AuditState, job: AuditedJob, event: EndEvent): void {
  const outcome = event.type === 'lease_expired' ? 'failed' : event.type
  state.jobs.delete(job.jobId)
  state.ended.add(job.jobId)
  state.counts[outcome]++
  state.parents.end(job.jobId, outcome, (event.type === 'failed' ? event.cause : undefined) ?? job.jobId)
}
