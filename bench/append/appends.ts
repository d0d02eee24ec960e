import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { median, quantile, ratios } from '../frame/statistics.ts'
import { floorAppends } from './floor.ts'
import { storeAppends } from './store-appends.ts'
import { queueName, type Subject } from './subject.ts'

/** The store's append beside the floor, in turns, for batches of 1, 10 and 100 events. */
export async function appendRows(context: Context, { client, store }: Subject): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const [batch, calls] of [
    [1, 1_500],
    [10, 900],
    [100, 300],
  ] as const) {
    const many = sized(context, calls, 12)
    await floorAppends(client, batch, sized(context, 300, 3))
    await storeAppends(store, queueName('warm'), batch, sized(context, 300, 3))
    const { floor, floorRate, append, p99, rate } = await sample(context, `append of ${batch}`, async () => {
      const bare = await floorAppends(client, batch, many)
      const ours = await storeAppends(store, queueName('append'), batch, many)
      return {
        floor: median(bare),
        floorRate: (batch * 1_000) / mean(bare),
        append: median(ours),
        p99: quantile(ours, 0.99),
        rate: (batch * 1_000) / mean(ours),
      }
    })
    const events = `${batch} event${batch === 1 ? '' : 's'}`
    rows.push(
      { what: `floor: bare append of ${events}, p50`, unit: 'ms', samples: floor },
      { what: `floor: bare append of ${events}`, unit: 'events/s', samples: floorRate },
      { what: `append of ${events}, p50`, unit: 'ms', samples: append },
      { what: `append of ${events}, p99`, unit: 'ms', samples: p99 },
      { what: `append of ${events}`, unit: 'events/s', samples: rate },
      { what: `append of ${events} over the floor`, unit: '×', samples: ratios(append, floor) },
    )
  }
  return rows
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
