import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { pauseOf } from '../state/ledger.ts'
import type { CommandResult } from '../values/command.ts'
import { bounds, MICROS_PER_MS, MICROS_PER_SECOND } from '../values/job.ts'
import { holdAfterLossOf } from '../values/policy.ts'
import { accepted, type Body, refused } from './result.ts'

/** Nothing that needs the model starts until then, or until it is resumed. Leases that were given stay. */
export function pauseModel(scribe: Scribe, { model, reason, until }: Body<'pause_model'>): CommandResult {
  const { draft, now, command } = scribe
  if (until !== null && (until <= now || until > now + bounds.durationMs * MICROS_PER_MS)) {
    return refused('invalid_input', 'until: must be in the future, at most 365 days ahead')
  }
  const known = pauseOf(draft, model)
  if (known?.reason === reason && known.until === until) return accepted(scribe)
  scribe.record({ type: 'model_paused', model, reason, until, workerId: command.workerId })
  dispatch(scribe)
  return accepted(scribe)
}

export function resumeModel(scribe: Scribe, { model }: Body<'resume_model'>): CommandResult {
  if (pauseOf(scribe.draft, model) === undefined) return accepted(scribe)
  scribe.record({ type: 'model_resumed', model, workerId: scribe.command.workerId })
  dispatch(scribe)
  return accepted(scribe)
}

/**
 * When a worker is gone, the work of its attempt may go on at its provider. So the models for which the policy says so are paused
 * for a while. A longer pause stays as it is.
 */
export function holdAfterLoss(scribe: Scribe, models: readonly string[]): void {
  const { draft, now, command } = scribe
  for (const model of models) {
    const seconds = holdAfterLossOf(draft.policy, model)
    const until = now + seconds * MICROS_PER_SECOND
    const known = pauseOf(draft, model)
    if (seconds === 0 || (known !== undefined && (known.until === null || known.until >= until))) continue
    scribe.record({ type: 'model_paused', model, reason: 'lease_lost', until, workerId: command.workerId })
  }
}
