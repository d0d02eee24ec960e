import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pgliteStore } from '../../src/engine/store/pglite/index.ts'
import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { median } from '../frame/statistics.ts'
import { coordinated, enqueueAll, jobsOn } from '../jobs.ts'
import { drain } from './drain.ts'
import { storeAppends } from './store-appends.ts'
import { queueName } from './subject.ts'

/** The embedded store, on disk. Its commits do not wait for the disk, so it is not compared with the others. */
export async function embeddedRows(context: Context): Promise<readonly Row[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'interlock-bench-'))
  const store = pgliteStore(directory)
  try {
    await storeAppends(store, queueName('warm'), 10, sized(context, 100, 3))
    const figures = await sample(context, 'embedded store', async () => ({
      one: median(await storeAppends(store, queueName('append'), 1, sized(context, 900, 6))),
      ten: median(await storeAppends(store, queueName('append'), 10, sized(context, 300, 6))),
      rate: await coordinated(store, queueName('drain'), async (coordinator) => {
        await enqueueAll(coordinator, jobsOn(10, sized(context, 3_000, 60)))
        const { ended, elapsedMs } = await drain(coordinator, 10)
        return (ended * 1_000) / elapsedMs
      }),
    }))
    return [
      { what: 'embedded: append of 1 event, p50', unit: 'ms', samples: figures.one },
      { what: 'embedded: append of 10 events, p50', unit: 'ms', samples: figures.ten },
      {
        what: 'embedded: drain, 10 models in strict order, 10 at a time',
        unit: 'jobs/s',
        samples: figures.rate,
      },
    ]
  } finally {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  }
}
