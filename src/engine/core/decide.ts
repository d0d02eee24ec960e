import type { Command, CommandBody, CommandResult } from './command.ts'
import { bypass } from './decide/bypass.ts'
import { cancel, confirmCancel } from './decide/cancel.ts'
import { detach } from './decide/detach.ts'
import { complete, done, expireLeases, fail, release } from './decide/end.ts'
import { ask, enqueue, takeUp, unask } from './decide/enter.ts'
import { drain, recover, resume, setPolicy } from './decide/govern.ts'
import { leave } from './decide/leave.ts'
import { pauseModel, resumeModel } from './decide/pause.ts'
import { reprioritize } from './decide/reprioritize.ts'
import { accepted } from './decide/result.ts'
import { fire, pauseSchedule, removeSchedule, resumeSchedule, setSchedules } from './decide/schedule.ts'
import { takeSubmissions } from './decide/submitted.ts'
import { tick } from './decide/tick.ts'
import { voidEvents } from './decide/void.ts'
import { dispatch } from './dispatch.ts'
import { Draft } from './draft.ts'
import type { RecordedEvent } from './event.ts'
import type { Ledger } from './ledger.ts'
import type { OnceRecord } from './once.ts'
import { fold } from './replay.ts'
import { Scribe, type Surroundings } from './scribe.ts'

/** The outcome of several commands. It only becomes true when `events` are appended. */
export interface Decision {
  readonly events: readonly RecordedEvent[]
  /** One per command, in order. */
  readonly results: readonly CommandResult[]
  /** The ledger after `events`: what folding them gives. */
  readonly ledger: Ledger
  /** Jobs whose rows the events change. */
  readonly touched: ReadonlySet<string>
  /** How often its starts overtake a waiting job. */
  readonly overtakes: number
  /** Jobs that commands want to link others to. Ask the store how they ended, and decide again; absent: none. */
  readonly missing?: ReadonlySet<string>
}

/**
 * Decides commands one after the other, each on the outcome of those before it. Pure: the same ledger, commands and surroundings
 * give the same events. A refused command leaves no trace.
 */
export function decide(ledger: Ledger, commands: readonly Command[], surroundings: Surroundings): Decision {
  const draft = new Draft(ledger)
  const events: RecordedEvent[] = []
  const results: CommandResult[] = []
  const once = new Map<string, OnceRecord>()
  let tookBack = false
  for (const command of commands) {
    const scribe = new Scribe(draft, command, surroundings, once)
    results.push(decideOne(scribe))
    for (const event of scribe.finish()) events.push(event)
    tookBack ||= scribe.tookBack
  }
  // Whatever was tried and taken back must leave no trace: this process must hold exactly what all others fold from the events.
  // Always folding again would cost a third of a decision.
  const asked = draft.missing.size === 0 ? undefined : { missing: draft.missing }
  if (tookBack) return { events, results, ...fold(ledger, events), ...asked }
  const { touched, overtakes } = draft
  return { events, results, ledger: draft.seal(), touched, overtakes, ...asked }
}

type CommandHandlers = {
  readonly [Type in CommandBody['type']]: (
    scribe: Scribe,
    body: Extract<CommandBody, { readonly type: Type }>,
  ) => CommandResult
}

const handlers: CommandHandlers = {
  enqueue: (scribe, body) =>
    body.submissions === undefined
      ? enqueue(scribe, body)
      : takeSubmissions(scribe, body.specs, body.submissions, body.links),
  ask,
  take_up: takeUp,
  bypass,
  unask,
  claim,
  complete,
  fail,
  release,
  detach,
  done,
  cancel,
  confirm_cancel: confirmCancel,
  expire_leases: expireLeases,
  reprioritize,
  set_policy: setPolicy,
  pause_model: pauseModel,
  resume_model: resumeModel,
  drain,
  resume,
  recover,
  void: voidEvents,
  tick,
  set_schedules: setSchedules,
  remove_schedule: removeSchedule,
  pause_schedule: pauseSchedule,
  resume_schedule: resumeSchedule,
  fire,
  leave,
}

/** Whether this release knows this type of command. */
export const isCommandType = (type: unknown): boolean => Object.hasOwn(handlers, String(type))

function decideOne(scribe: Scribe): CommandResult {
  const { body } = scribe.command
  const handler = handlers[body.type] as (scribe: Scribe, body: CommandBody) => CommandResult
  return handler(scribe, body)
}

/** A worker without work looks at all jobs, since an offer may have run out without an event. */
function claim(scribe: Scribe): CommandResult {
  scribe.draft.wide = true
  dispatch(scribe)
  return accepted(scribe)
}
