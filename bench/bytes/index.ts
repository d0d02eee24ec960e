import { randomUUID } from 'node:crypto'
import type { Coordinator } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { drain } from '../append/drain.ts'
import { type Bench, type Context, type Row, sized } from '../frame/bench.ts'
import { connected } from '../frame/servers.ts'
import { coordinated, enqueueAll } from '../jobs.ts'

/** Jobs of one round: a process holds no more of them at once. */
const ROUND = 10_000
const MODELS = 500
const SLOTS = 64

interface Way {
  readonly what: string
  readonly count: number
  readonly jobId: (n: number) => string
  /** Lets these jobs go through the queue. */
  readonly run: (coordinator: Coordinator, jobIds: readonly string[]) => Promise<void>
}

export const bytesBench: Bench = {
  name: 'bytes',
  about: 'what 1,000,000 jobs that ran leave in the log, with its indexes, for each of them',
  run: async (context) => {
    const jobs = (full: number) => sized(context, full, 500)
    const named = (n: number) => `job-${n}`
    const ways: readonly Way[] = [
      {
        what: 'started when it came, id of 36 characters',
        count: jobs(500_000),
        jobId: () => randomUUID(),
        run: atOnce,
      },
      { what: 'waited in line, id of 10 characters', count: jobs(400_000), jobId: named, run: inLine },
      {
        what: 'waited in line, id of 36 characters',
        count: jobs(100_000),
        jobId: () => randomUUID(),
        run: inLine,
      },
    ]
    const rows: Row[] = []
    for (const way of ways) rows.push(...(await rowsOf(context, way)))
    return rows
  },
}

/** Once, whatever `--runs` says: a count, and no time. */
async function rowsOf(
  { servers, progress }: Context,
  { what, count, jobId, run }: Way,
): Promise<readonly Row[]> {
  const url = await servers.database()
  const store = postgresStore(url)
  try {
    await coordinated(store, 'default', async (coordinator) => {
      for (let from = 0; from < count; from += ROUND) {
        progress(`${what}: ${from.toLocaleString('en')} of ${count.toLocaleString('en')}`)
        const size = Math.min(ROUND, count - from)
        await run(
          coordinator,
          Array.from({ length: size }, (_, i) => jobId(from + i)),
        )
      }
    })
  } finally {
    await store.close()
  }
  const { log, indexes, events } = await sizesOf(url)
  return [
    { what: `a job that ${what}`, unit: 'bytes', samples: [log / count], goal: { most: 1_024 } },
    { what: 'of that, indexes', unit: 'bytes', samples: [indexes / count] },
    { what: 'events of such a job', unit: 'events', samples: [events / count] },
  ]
}

/** As many as there are models come, start and end together: queued, started, completed. */
async function atOnce(coordinator: Coordinator, jobIds: readonly string[]): Promise<void> {
  for (let from = 0; from < jobIds.length; from += MODELS) {
    await coordinator.enqueue(jobsOf(jobIds.slice(from, from + MODELS)))
    const started = await coordinator.claim({ max: MODELS, kinds: null })
    await Promise.all(started.map(({ lease }) => coordinator.complete(lease)))
  }
}

/** All come, and workers take one after the other: queued, blocked, started, completed. */
async function inLine(coordinator: Coordinator, jobIds: readonly string[]): Promise<void> {
  await enqueueAll(coordinator, jobsOf(jobIds))
  await drain(coordinator, SLOTS)
}

const jobsOf = (jobIds: readonly string[]) =>
  jobIds.map((jobId, i) => ({ jobId, models: [`model-${i % MODELS}`] }))

async function sizesOf(url: string) {
  return connected(url, async (client) => {
    const { rows } = await client.query<Readonly<Record<'log' | 'indexes' | 'events', number>>>(`
      select pg_total_relation_size('job_queue_log')::float8 as log,
             pg_indexes_size('job_queue_log')::float8 as indexes,
             (select max(version) from job_queue_heads)::float8 as events`)
    if (rows[0] === undefined) throw new Error('the database did not say how large it is')
    return rows[0]
  })
}
