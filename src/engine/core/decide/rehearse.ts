import type { Surroundings } from '../dispatch/scribe.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Command, CommandBody } from '../values/command.ts'
import { claim, type Decision, decideBy } from './by.ts'
import { cancel } from './cancel.ts'
import { complete, done, fail, release } from './end.ts'
import { enqueue } from './enter.ts'
import { drain, resume, setPolicy } from './govern.ts'
import { leave } from './leave.ts'
import { pauseModel, resumeModel } from './pause.ts'
import { tick } from './tick.ts'

const handlers = {
  enqueue,
  claim,
  complete,
  fail,
  release,
  done,
  cancel,
  set_policy: setPolicy,
  pause_model: pauseModel,
  resume_model: resumeModel,
  drain,
  resume,
  leave,
  tick,
}

/** What comes in a queue that is only imagined: in a forecast, or under other rules. */
export type RehearsedBody = Extract<CommandBody, { readonly type: keyof typeof handlers }>

/** As `decide`, without the commands that only real queues get: a page in a browser need not load them. */
export const rehearse = (
  ledger: Ledger,
  commands: readonly (Command & { readonly body: RehearsedBody })[],
  surroundings: Surroundings,
): Decision => decideBy(handlers, ledger, commands, surroundings)
