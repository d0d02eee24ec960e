import type { Standby, Standbys } from '../../../tools/doctor/index.ts'
import { bytes, duration } from '../../../tools/format/index.ts'
import type { Frame } from '../frame.ts'
import { facts } from '../terminal/table.ts'

const atFailOver = {
  kept: 'loses nothing that was acknowledged, if it goes to a synchronous standby',
  may_be_lost: 'loses what the standby has not got; Interlock then holds the queue (log_went_back)',
  unknown:
    'not known: the role that owns Interlock may not see the standbys, or nobody could see a commit wait',
} as const

/** The standbys of the server, one a line, and what a fail-over would lose. */
export function standbysText(frame: Frame, { servers, atFailOver: what }: Standbys): readonly string[] {
  const rows = servers.map((server) => [server.name, standbyText(server)] as const)
  return facts([...rows, ['fail-over', atFailOver[what]]], frame.colors.dim)
}

function standbyText({ state, isSynchronous, lagBytes, lagMs }: Standby): string {
  if (state === null) return 'a standby'
  const kind = `${isSynchronous ? 'synchronous' : 'asynchronous'} standby`
  const lag = lagBytes === null ? '' : lagBytes === 0 ? ', has everything' : `, lacks ${bytes(lagBytes)}`
  const late = lagBytes === 0 || lagMs === null ? '' : ` (${duration(lagMs)})`
  return `${kind}, ${state}${lag}${late}`
}
