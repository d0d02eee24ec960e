import type { Micros } from '../../../../../engine/core/index.ts'
import type { Stats } from '../../../../../tools/insight/index.ts'
import { Collector, statsOf } from '../../../../../tools/insight/parts.ts'
import type { LiveQueue } from '../../data/live.ts'
import { type Length, periodIn } from '../../data/period.ts'
import { turn } from '../../frame/turn.ts'

/** The figures of the loaded events: the same as those of `interlock stats`. */
export async function measured(
  live: LiveQueue,
  length: Length,
  to: { readonly seq: number; readonly at: Micros },
  signal: AbortSignal,
): Promise<Stats | null> {
  const found = periodIn(live, length, to)
  if (found === null) return null
  const { before, events, period } = found
  const collector = new Collector({ from: period.from, to: period.to, count: 96 }, before)
  let n = 0
  for (const event of events) {
    collector.push(event)
    if (++n % 200 === 0) await turn(signal)
  }
  return statsOf(live.queue, collector, collector.finish())
}
