import { type Facts, logGrowth, overdueDays } from './facts.ts'

const DAY_MS = 86_400_000

/** The size of the log, now and in the future. Sizes are of its tables with their indexes; all queues share them. */
export interface LogSize {
  /** The size of its tables, with their indexes. */
  readonly bytes: number
  /** The same of the archive. */
  readonly archiveBytes: number
  /** How fast it grows, from the events of this queue in the last week; null: too early to tell. */
  readonly bytesPerDay: number | null
  /** The size at which retention holds it; null: no retention, or too early to tell. */
  readonly heldAtBytes: number | null
  /** In how many days it gets there; 0: now. */
  readonly heldInDays: number | null
  /** The age in days of the oldest event, if retention should have taken it out by now; null: it is not late. */
  readonly overdueDays: number | null
  /** The hash chain, as far as its last 1,000 events say: `off`, `sound` or `broken`. */
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
