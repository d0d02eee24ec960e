import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { median, quantile, ratios } from '../frame/statistics.ts'
import { coordinated, enqueueAll, jobsOn } from '../jobs.ts'
import { drain } from './drain.ts'
import { floorAppends } from './floor.ts'
import { queueName, type Subject } from './subject.ts'

/**
 * All jobs need one model, so one runs at a time: from the end of a job to the handler of the next. Beside it the floor:
 * a bare append of the two events that a hand-off is.
 */
export async function handOffRows(context: Context, { client, store }: Subject): Promise<readonly Row[]> {
  const rows: Row[] = []
  const measured = sized(context, 1_000, 20)
  for (const [slots, waiting] of [
    [1, 1_500],
    [10, 1_500],
    [64, 1_500],
    [10, 6_000],
  ] as const) {
    const count = sized(context, waiting, 30)
    const what = `hand-off, ${slots} slots, ${(count - measured).toLocaleString('en')} and more waiting`
    const { p50, p99, floor } = await sample(context, what, async () => {
      const bare = await floorAppends(client, 2, measured)
      const { handOffMs } = await coordinated(store, queueName('hand-off'), async (coordinator) => {
        await enqueueAll(coordinator, jobsOn(1, count))
        return drain(coordinator, slots, measured)
      })
      return { p50: median(handOffMs), p99: quantile(handOffMs, 0.99), floor: median(bare) }
    })
    rows.push(
      { what: `${what}, p50`, unit: 'ms', samples: p50 },
      { what: 'the same over a bare append', unit: '×', samples: ratios(p50, floor), goal: { most: 1.5 } },
      { what: `${what}, p99`, unit: 'ms', samples: p99, goal: { most: 3 } },
    )
  }
  return rows
}
