import { type Facts, logGrowth, overdueDays } from './facts.ts'

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
  /** How many days ago the oldest event happened, where retention has not taken it out though it should have; else null. */
  readonly overdueDays: number | null
  readonly chain: 'off' | 'sound' | 'broken'
}

export function logSize(facts: Facts): LogSize {
  const { checkup, state, chain } = facts
  const { log, now } = checkup
  const overdue = overdueDays(facts)
  const bytesPerDay = logGrowth(log)
  const days = state?.policy?.retentionDays ?? null
  const holds = bytesPerDay !== null && days !== null && overdue === null
  const ageDays = log.oldestAt === null ? 0 : (now - log.oldestAt) / 1_000 / DAY_MS
  return {
    bytes: log.bytes,
    archiveBytes: log.archiveBytes,
    bytesPerDay,
    heldAtBytes: holds ? Math.round(bytesPerDay * days) : null,
    heldInDays: holds ? Math.max(0, Math.ceil(days - ageDays)) : null,
    overdueDays: overdue === null ? null : Math.floor(overdue),
    chain: chain === null ? 'off' : chain.bad === null ? 'sound' : 'broken',
  }
}
