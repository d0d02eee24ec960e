import type { Command, CommandResult } from './command.ts'
import { bypass } from './decide/bypass.ts'
import { cancel, confirmCancel } from './decide/cancel.ts'
import { detach } from './decide/detach.ts'
import { complete, expireLeases, fail, release } from './decide/end.ts'
import { ask, enqueue, takeUp, unask } from './decide/enter.ts'
import { drain, recover, resume, setPolicy } from './decide/govern.ts'
import { pauseModel, resumeModel } from './decide/pause.ts'
import { reprioritize } from './decide/reprioritize.ts'
import { accepted } from './decide/result.ts'
import { tick } from './decide/tick.ts'
import { voidEvents } from './decide/void.ts'
import { Draft } from './draft.ts'
import type { RecordedEvent } from './event.ts'
import { grant } from './grant.ts'
import type { Ledger } from './ledger.ts'
import { fold } from './replay.ts'
import { Scribe, type Surroundings } from './scribe.ts'

/** What a row of commands comes to. Nothing of it is true until `events` are appended. */
export interface Decision {
  readonly events: readonly RecordedEvent[]
  /** One per command, in order. */
  readonly results: readonly CommandResult[]
  /** The ledger after `events`: what folding them gives. */
  readonly ledger: Ledger
  /** Jobs whose rows the events change. */
  readonly touched: ReadonlySet<string>
}

/**
 * Decides commands one after the other, each on what the ones before it led to. Pure: the same ledger, commands and
 * surroundings give the same events. A refused command leaves no trace.
 */
export function decide(ledger: Ledger, commands: readonly Command[], surroundings: Surroundings): Decision {
  const draft = new Draft(ledger)
  const events: RecordedEvent[] = []
  const results: CommandResult[] = []
  let tookBack = false
  for (const command of commands) {
    const scribe = new Scribe(draft, command, surroundings)
    results.push(decideOne(scribe))
    for (const event of scribe.finish()) events.push(event)
    tookBack ||= scribe.tookBack
  }
  // What was tried and taken back must leave no trace, so that this process holds, to the last blocker, what every other
  // one folds from the events. Folding again always would cost a third of a decision.
  if (tookBack) return { events, results, ...fold(ledger, events) }
  return { events, results, ledger: draft.seal(), touched: draft.touched }
}

function decideOne(scribe: Scribe): CommandResult {
  const { body } = scribe.command
  switch (body.type) {
    case 'enqueue':
      return enqueue(scribe, body)
    case 'ask':
      return ask(scribe, body)
    case 'take_up':
      return takeUp(scribe, body)
    case 'bypass':
      return bypass(scribe, body)
    case 'unask':
      return unask(scribe, body)
    case 'claim':
      return claim(scribe)
    case 'complete':
      return complete(scribe, body)
    case 'fail':
      return fail(scribe, body)
    case 'release':
      return release(scribe, body)
    case 'detach':
      return detach(scribe, body)
    case 'cancel':
      return cancel(scribe, body)
    case 'confirm_cancel':
      return confirmCancel(scribe, body)
    case 'expire_leases':
      return expireLeases(scribe, body)
    case 'reprioritize':
      return reprioritize(scribe, body)
    case 'set_policy':
      return setPolicy(scribe, body)
    case 'drain':
      return drain(scribe)
    case 'resume':
      return resume(scribe)
    case 'recover':
      return recover(scribe, body)
    case 'pause_model':
      return pauseModel(scribe, body)
    case 'resume_model':
      return resumeModel(scribe, body)
    case 'void':
      return voidEvents(scribe, body)
    case 'tick':
      return tick(scribe)
  }
}

/** A worker without work looks everywhere, since an offer may have run out without an event. */
function claim(scribe: Scribe): CommandResult {
  scribe.draft.wide = true
  grant(scribe)
  return accepted(scribe)
}
