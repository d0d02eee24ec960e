import { randomUUID } from 'node:crypto'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { drain } from '../append/drain.ts'
import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { connected } from '../frame/servers.ts'
import { coordinated, enqueueAll } from '../jobs.ts'

const MODELS = 100

/** What 10,000 jobs leave behind: enqueued by the thousand, with the longest ids that are usual, and run by themselves. */
export async function bytesRows(context: Context): Promise<readonly Row[]> {
  const count = sized(context, 10_000, 200)
  const figures = await sample(context, 'bytes of a job', async () => {
    const url = await context.servers.database()
    const store = postgresStore(url)
    const empty = await sizes(url)
    try {
      return await coordinated(store, 'default', async (coordinator) => {
        const models = (i: number) => [`model-${i % MODELS}`]
        await enqueueAll(
          coordinator,
          Array.from({ length: count }, (_, i) => ({ jobId: randomUUID(), models: models(i) })),
        )
        const waiting = await sizes(url)
        await drain(coordinator, 10)
        const ended = await sizes(url)
        return {
          waiting: (waiting.all - empty.all) / count,
          log: (ended.log - empty.log) / count,
          indexes: (ended.logIndexes - empty.logIndexes) / count,
          all: (ended.all - empty.all) / count,
        }
      })
    } finally {
      await store.close()
    }
  })
  const unit = 'bytes'
  const goal = { most: 1_024 }
  return [
    {
      what: 'a job that ended: its log (queued, blocked, started, completed) with indexes',
      unit,
      samples: figures.log,
      goal,
    },
    { what: 'of that, indexes', unit, samples: figures.indexes },
    { what: 'a job that waits: all tables', unit, samples: figures.waiting },
    { what: 'a job that ended: all tables, before a vacuum', unit, samples: figures.all },
  ]
}

interface Sizes {
  readonly log: number
  readonly logIndexes: number
  readonly all: number
}

async function sizes(url: string): Promise<Sizes> {
  return connected(url, async (client) => {
    const { rows } = await client.query<Sizes>(`
      select pg_total_relation_size('job_queue_log')::float8 as log,
             pg_indexes_size('job_queue_log')::float8 as "logIndexes",
             sum(pg_total_relation_size(c.oid))::float8 as "all"
        from pg_class c where c.relkind = 'r' and c.relname like 'job\\_queue\\_%'`)
    if (rows[0] === undefined) throw new Error('the database did not say how large it is')
    return rows[0]
  })
}
