import type { CommandResult } from '../command.ts'
import { dispatch } from '../dispatch.ts'
import type { Scribe } from '../scribe.ts'
import { accepted } from './result.ts'

/** The sender leaves: if it has said which places it serves, it serves none any more. */
export function leave(scribe: Scribe): CommandResult {
  const { workerId } = scribe.command
  if (scribe.draft.servers.some(({ worker }) => worker === workerId))
    scribe.record({ type: 'worker_gone', workerId, left: true })
  dispatch(scribe)
  return accepted(scribe)
}
