import { dispatch } from '../dispatch/dispatch.ts'
import type { Scribe } from '../dispatch/scribe.ts'
import { spokenOf } from '../state/serving.ts'
import type { CommandResult } from '../values/command.ts'
import { accepted } from './result.ts'

/** The sender leaves: if it has said which places it serves or what it keeps loaded, it serves and keeps none any more. */
export function leave(scribe: Scribe): CommandResult {
  const { workerId } = scribe.command
  if (spokenOf(scribe.draft).includes(workerId)) scribe.record({ type: 'worker_gone', workerId, left: true })
  dispatch(scribe)
  return accepted(scribe)
}
