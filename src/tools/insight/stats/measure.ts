import { checkCall } from '../../../engine/events/index.ts'
import { opened } from '../../history/access.ts'
import { type Access, ledgerAt } from '../../history/index.ts'
import { eachEvent } from '../../history/read-log.ts'
import { type PeriodOptions, periodOf } from '../period.ts'
import { Collector } from './collector.ts'
import { type Stats, statsOf } from './stats.ts'

export interface StatsOptions extends PeriodOptions {
  /** How many slices the period is cut into: a whole number from 1 to 10,000; 48 unless given. */
  readonly slices?: number | undefined
}

/**
 * Measures how long jobs waited and for what, how busy each model was, and how this changed over time.
 * @throws InterlockError `invalid_input`, also for a period without an event; `corrupt_log`, `unknown_event`; `store_unavailable`
 * @example const { waiting, models } = await stats({ store }, { since: new Date(Date.now() - 3_600_000) })
 */
export async function stats(given: Access, options: StatsOptions = {}): Promise<Stats> {
  const access = opened(given)
  checkCall('stats', options)
  const { after, upTo, from, to } = await periodOf(access, options)
  const collector = new Collector({ from, to, count: options.slices ?? 48 }, await ledgerAt(access, after))
  await eachEvent(access, 'measured', (event) => collector.push(event), { after, upTo })
  return statsOf(access.queue, collector, collector.finish())
}
