import type { Surroundings } from '../dispatch/scribe.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Command, CommandBody } from '../values/command.ts'
import { type CommandHandlers, claim, type Decision, decideBy } from './by.ts'
import { bypass } from './bypass.ts'
import { cancel, confirmCancel } from './cancel.ts'
import { detach } from './detach.ts'
import { complete, done, expireLeases, fail, release } from './end.ts'
import { ask, enqueue, takeUp, unask } from './enter.ts'
import { drain, recover, resume, setPolicy } from './govern.ts'
import { leave } from './leave.ts'
import { pauseModel, resumeModel } from './pause.ts'
import { reprioritize } from './reprioritize.ts'
import { fire, pauseSchedule, removeSchedule, resumeSchedule, setSchedules } from './schedule.ts'
import { takeSubmissions } from './submitted.ts'
import { tick } from './tick.ts'
import { voidEvents } from './void.ts'

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
