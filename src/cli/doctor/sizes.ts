import { bytes, plural } from '../format.ts'
import type { Frame } from '../frame.ts'
import { facts as lines } from '../terminal/table.ts'
import { type Facts, logGrowth } from './facts.ts'

const DAY_MS = 86_400_000

/** What the log comes to, now and as it goes on; sizes are of its tables, which all queues share, with their indexes. */
export interface LogSize {
  readonly bytes: number
  readonly archiveBytes: number
  /** By the events of this queue in the last week; null while it is too young to tell. */
  readonly bytesPerDay: number | null
  /** At which size retention holds the log, and in how many days (0: now); null: it does not, or nobody can tell yet. */
  readonly heldAtBytes: number | null
  readonly heldInDays: number | null
  readonly chain: 'off' | 'sound' | 'broken'
}

export function logSize({ checkup: { log, now }, projection, chain }: Facts): LogSize {
  const bytesPerDay = logGrowth(log)
  const days = projection?.state.policy?.retentionDays ?? null
  const holds = bytesPerDay !== null && days !== null
  const ageDays = log.oldestAt === null ? 0 : (now - log.oldestAt) / 1_000 / DAY_MS
  return {
    bytes: log.bytes,
    archiveBytes: log.archiveBytes,
    bytesPerDay,
    heldAtBytes: holds ? Math.round(bytesPerDay * days) : null,
    heldInDays: holds ? Math.max(0, Math.ceil(days - ageDays)) : null,
    chain: chain === null ? 'off' : chain.bad === null ? 'sound' : 'broken',
  }
}

export function sizeText(frame: Frame, size: LogSize): string {
  const { bytesPerDay, heldAtBytes, heldInDays, archiveBytes, chain } = size
  const daily = bytesPerDay === null ? '' : `, ${bytes(bytesPerDay)} a day`
  const when = heldInDays === 0 ? 'now' : `in ${plural(heldInDays ?? 0, 'day')}`
  const held = heldAtBytes === null ? '' : `; retention holds it at some ${bytes(heldAtBytes)}, ${when}`
  return lines(
    [
      ['log', `${bytes(size.bytes)}${daily}${held}`],
      ['archive', bytes(archiveBytes)],
      ['chain', chain],
    ],
    frame.colors.dim,
  )
}
