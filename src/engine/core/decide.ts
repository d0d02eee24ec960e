import type { Command, CommandBody } from './command.ts'
import { type CommandHandlers, claim, type Decision, decideBy } from './decide/by.ts'
import { bypass } from './decide/bypass.ts'
import { cancel, confirmCancel } from './decide/cancel.ts'
import { detach } from './decide/detach.ts'
import { complete, done, expireLeases, fail, release } from './decide/end.ts'
import { ask, enqueue, takeUp, unask } from './decide/enter.ts'
import { drain, recover, resume, setPolicy } from './decide/govern.ts'
import { leave } from './decide/leave.ts'
import { pauseModel, resumeModel } from './decide/pause.ts'
import { reprioritize } from './decide/reprioritize.ts'
import { fire, pauseSchedule, removeSchedule, resumeSchedule, setSchedules } from './decide/schedule.ts'
import { takeSubmissions } from './decide/submitted.ts'
import { tick } from './decide/tick.ts'
import { voidEvents } from './decide/void.ts'
import type { Ledger } from './ledger.ts'
import type { Surroundings } from './scribe.ts'

/**
 * Decides commands one after the other, each on the outcome of those before it. Pure: the same ledger, commands and surroundings
 * give the same events. A refused command leaves no trace.
 */
export const decide = (ledger: Ledger, commands: readonly Command[], surroundings: Surroundings): Decision =>
  decideBy(handlers, ledger, commands, surroundings)

const handlers: CommandHandlers<CommandBody['type']> = {
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
