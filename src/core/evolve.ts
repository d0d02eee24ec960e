import { settle } from './blocking.ts'
import { Draft } from './draft.ts'
import { InterlockError } from './error.ts'
import type { RecordedEvent } from './event.ts'
import { detach, end } from './evolve/end.ts'
import { activeJob, corrupt, expiredJob, leasedJob, waitingJob } from './evolve/lookup.ts'
import { changePolicy } from './evolve/rules.ts'
import { start } from './evolve/start.ts'
import { announce, ask, joinLine, leave, move, queue, requeue } from './evolve/wait.ts'
import type { Ledger } from './ledger.ts'
import { endAllOffers } from './offers.ts'
import { pauseModel, pauseOf, resumeModel } from './pausing.ts'

/**
 * The ledger after one event of the log. Pure; the one place where state changes.
 * @throws InterlockError `corrupt_log` naming the sequence number, when the event cannot have happened in this state.
 */
export function evolve(ledger: Ledger, event: RecordedEvent): Ledger {
  const draft = new Draft(ledger)
  applyEvent(draft, event)
  settle(draft)
  return draft.seal()
}

/** Writes one event into a draft. The caller settles before it reads readiness or blockers. */
export function applyEvent(draft: Draft, event: RecordedEvent): void {
  if (event.seq !== draft.version + 1) {
    throw corrupt(event, `sequence number ${draft.version + 1} was expected`)
  }
  if (event.at <= draft.lastAt)
    throw corrupt(event, 'its time does not come after that of the event before it')
  change(draft, event)
  draft.version = event.seq
  draft.lastAt = event.at
  for (const jobId of event.offers ?? []) announce(draft, event, jobId)
}

function change(draft: Draft, event: RecordedEvent): void {
  switch (event.type) {
    case 'queued':
      queue(draft, event, event.spec, event.asked === true ? (event.workerId ?? null) : null)
      return
    case 'blocked':
    case 'conflict':
      waitingJob(draft, event, event.jobId)
      return
    case 'started':
      start(draft, event)
      return
    case 'completed':
      end(draft, activeJob(draft, event, event.jobId, event.token), true)
      return
    case 'failed':
      end(draft, activeJob(draft, event, event.jobId, event.token), event.final)
      return
    case 'lease_expired':
      end(draft, leasedJob(draft, event), event.final)
      return
    case 'detached':
      detach(draft, event)
      return
    case 'cancel_requested':
      draft.edit(activeJob(draft, event, event.jobId)).cancelRequested = true
      return
    case 'cancelled':
      if (event.token === null) leave(draft, waitingJob(draft, event, event.jobId))
      else end(draft, activeJob(draft, event, event.jobId, event.token), true)
      return
    case 'expired':
      leave(draft, expiredJob(draft, event))
      return
    case 'requeued':
      requeue(draft, event)
      return
    case 'due':
      joinLine(draft, event)
      return
    case 'asked':
      ask(draft, event)
      return
    case 'reprioritized':
      move(draft, event)
      return
    case 'policy_changed':
      changePolicy(draft, event)
      return
    case 'drain_requested':
      if (draft.draining) throw corrupt(event, 'the queue is draining already')
      draft.draining = true
      endAllOffers(draft)
      return
    case 'drained':
      if (!draft.draining || draft.active.size > 0 || draft.drainedAt !== null) {
        throw corrupt(event, 'the queue is not draining, or not empty, or was drained before')
      }
      draft.drainedAt = event.at
      return
    case 'resumed':
      if (!draft.draining) throw corrupt(event, 'the queue is not draining')
      draft.draining = false
      draft.drainedAt = null
      draft.wide = true
      return
    case 'epoch_changed':
      if (event.epoch <= draft.epoch) throw corrupt(event, 'epochs only grow')
      draft.epoch = event.epoch
      return
    case 'bypassed':
      return
    case 'voided':
      // What it says holds for readers of the event that it names: they have read it differently already.
      if (event.of > event.seq) throw corrupt(event, 'it voids an event that is still to come')
      return
    case 'model_paused':
      pauseModel(draft, event)
      return
    case 'model_resumed':
      resume(draft, event)
      return
    default:
      return never(event)
  }
}

function resume(draft: Draft, event: RecordedEvent & { readonly type: 'model_resumed' }): void {
  const pause = pauseOf(draft, event.model)
  if (pause === undefined) throw corrupt(event, `model ${event.model} is not paused`)
  resumeModel(draft, pause)
}

function never(event: never): never {
  throw new InterlockError(
    'unknown_event',
    `unknown event: ${JSON.stringify(event)}; use a newer release of interlock-queue`,
  )
}
