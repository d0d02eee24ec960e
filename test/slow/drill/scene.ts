/** What a cluster is tried with: worker processes, a producer, and a program that only commits. */

import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { migrate } from '../../../src/engine/migrate/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import type { Cluster } from './cluster.ts'
import { Journal } from './journal.ts'
import { Probe } from './probe.ts'
import { Producer } from './producer.ts'
import { until } from './until.ts'
import { withClient } from './with-client.ts'
import { startWorkers, type Workers } from './workers.ts'

const WORKERS = 3

export interface Times {
  readonly leaseSeconds: number
  readonly patienceSeconds: number
}

export interface Scene {
  /** One for each scene: what stops the processes of one does not stop those of the next. */
  readonly queue: string
  readonly cluster: Cluster
  readonly store: LogStore
  readonly coordinator: Coordinator
  readonly producer: Producer
  readonly probe: Probe
  readonly workers: Workers
  /** What all of them said, and when. */
  readonly journal: Journal
  readonly end: () => Promise<void>
}

/** Workers and a producer at work on a cluster. */
export async function setUp(cluster: Cluster, { leaseSeconds, patienceSeconds }: Times): Promise<Scene> {
  await withClient(await cluster.leaderUrl(), async (client) => {
    await client.query('create table if not exists drill_probe (id bigint generated always as identity)')
    await migrate({
      query: async (sql, values) => (await client.query(sql, values ? [...values] : undefined)).rows,
      exec: async (sql) => void (await client.query(sql)),
    })
  })
  const queue = `scene-${++scenes}`
  const journal = new Journal()
  const warn = (line: string) => journal.note('producer', line)
  const store = postgresStore(cluster.url, { warn })
  const times = { leaseMs: leaseSeconds * 1_000, patienceMs: patienceSeconds * 1_000 }
  const logger = { info: () => {}, warn, error: warn }
  const coordinator = await createCoordinator({ store, queue, logger, ...times })
  await coordinator.setPolicy('by-model')
  const flags = ['--queue', queue, '--lease', String(leaseSeconds), '--patience', String(patienceSeconds)]
  const workers = await startWorkers(WORKERS, cluster.url, flags, journal)
  const producer = new Producer(coordinator, `short-${performance.now()}`)
  const probe = new Probe(cluster.nodes)
  await until('jobs are acknowledged', () => producer.acknowledged.length > 20)
  const end = async () => {
    await Promise.all([producer.stop(), probe.stop()])
    await coordinator.close()
    await store.close()
    await workers.remove()
  }
  return { queue, cluster, store, coordinator, producer, probe, workers, journal, end }
}

/** Attempts that run for so long while a server follows the other. */
export const LONG = { jobs: 6, ms: 45_000 }

let scenes = 0
let rounds = 0

/** Resolves when all of them run. */
export async function startLong(coordinator: Coordinator): Promise<readonly string[]> {
  rounds++
  const ids = Array.from({ length: LONG.jobs }, (_, i) => `long-${rounds}-${i}`)
  await coordinator.enqueue(
    ids.map((jobId, i) => ({ jobId, models: [`long-${i}`], payload: { ms: LONG.ms } })),
  )
  await until('the long attempts run', async () => {
    await coordinator.catchUp()
    const active = activeIn(coordinator)
    return ids.every((id) => active.has(id))
  })
  return ids
}

export const activeIn = (coordinator: Coordinator): ReadonlySet<string> =>
  new Set(
    coordinator
      .state()
      .active()
      .map(({ jobId }) => jobId),
  )

/** How many acknowledged jobs are not in the log. */
export function lostOf(acknowledged: readonly string[], events: readonly RecordedEvent[]): number {
  const queued = new Set(events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : [])))
  return acknowledged.filter((jobId) => !queued.has(jobId)).length
}

export async function logOf(store: Pick<LogStore, 'read'>, queue: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for (;;) {
    const page = await store.read(queue, events.length, 10_000)
    events.push(...page.events)
    if (events.length >= page.version) return events
  }
}
