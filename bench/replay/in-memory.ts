import { type Context, type Row, sized } from '../frame/bench.ts'
import { answerOf } from '../frame/child.ts'
import type { Taken } from '../frame/stopwatch.ts'

/** In a process of its own, which has done nothing else; the log is made once. */
export async function memoryRows(context: Context): Promise<readonly Row[]> {
  const { runs, progress } = context
  const events = sized(context, 1_000_000, 1_000)
  progress(`${events.toLocaleString('en')} events in memory`)
  const shape = { events, waiting: sized(context, 1_000, 20) }
  const all = await answerOf<readonly Taken[]>(new URL('./fold-child.ts', import.meta.url), { shape, runs })
  return [
    {
      what: 'folded in memory',
      unit: 'events/s',
      samples: all.map(({ wallMs }) => (events * 1_000) / wallMs),
      goal: { least: 500_000 },
    },
    {
      what: 'folded in memory, time of the thread',
      unit: 'µs an event',
      samples: all.map(({ cpuMs }) => (cpuMs * 1_000) / events),
    },
  ]
}
