import { decodeEvent, encodeEvent } from '../../src/codec/index.ts'
import { replay } from '../../src/core/index.ts'
import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { stopwatch } from '../frame/stopwatch.ts'
import { workedLog } from '../worked-log.ts'

/** The events as a reader has them: parsed and checked. */
export async function memoryRows(context: Context): Promise<readonly Row[]> {
  const count = sized(context, 1_000_000, 1_000)
  context.progress(`a log of ${count.toLocaleString('en')} events`)
  const events = workedLog({ events: count, waiting: sized(context, 1_000, 20) }).map((event) =>
    decodeEvent(encodeEvent(event)),
  )
  const { wall, cpu } = await sample(context, 'folded in memory', () => {
    const taken = stopwatch()
    replay(events)
    const { wallMs, cpuMs } = taken()
    return { wall: (count * 1_000) / wallMs, cpu: (cpuMs * 1_000) / count }
  })
  return [
    { what: 'folded in memory', unit: 'events/s', samples: wall, goal: { least: 500_000 } },
    { what: 'folded in memory, time of the thread', unit: 'µs an event', samples: cpu },
  ]
}
