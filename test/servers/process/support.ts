import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { projectionOf, type RecordedEvent, replay } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { brief } from '../../support/flags.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { compiled } from '../../support/program.ts'
import { atEnd } from '../../support/this-test.ts'
import { migrateDatabase } from '../contract/support.ts'
import type { Order } from './worker.ts'

/** Short enough for many sweeps in one test, long enough for a busy machine to send its beats in time. */
export const shortLease = { leaseMs: 1_200, graceMs: 400, pollMs: 200 }

/** Where nobody dies: a busy machine costs nobody a lease. */
export const steady = { leaseMs: 60_000, graceMs: 400, pollMs: 200 }

const runsTable = `create table runs (
  job_id text not null, token bigint not null, fence text, pid integer not null, models text[] not null,
  places jsonb, call text, began_at timestamptz not null default clock_timestamp(), ended_at timestamptz)`

/** In which workers write down which steps of workflows they ran. */
export const stepsTable = `create table steps (
  execution_id text not null, step integer not null, token bigint not null, pid integer not null, models text[] not null,
  began_at timestamptz not null default clock_timestamp(), ended_at timestamptz)`

/** A database with Interlock and the table in which workers write down what they ran. */
export async function scene(url?: string) {
  const at = url ?? (await createDatabase('process', 'migrated'))
  if (url !== undefined) await migrateDatabase(url)
  const client = new pg.Client({ connectionString: at })
  client.on('error', () => {})
  await client.connect()
  await client.query(runsTable)
  atEnd(() => client.end().catch(() => {}))
  const store = postgresStore(at)
  // Longer than the workers': this process, which may be busy, holds jobs at the gate in some tests.
  const coordinator = await createCoordinator({ store, ...shortLease, leaseMs: 6_000, logger: silentLogger })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  return { url: at, client, store, coordinator }
}

/** Starts a worker process that works by now; it is killed with the test at the latest. */
export async function startWorker(url: string, order: Partial<Order> = {}) {
  const whole: Order = { url, concurrency: 2, ...shortLease, ...order }
  const child = fork(await compiled('test/servers/process/worker.ts'), [JSON.stringify(whole)], {
    execArgv: [...brief],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  atEnd(() => void child.kill('SIGKILL'))
  // A process that lost its lease goes on under another id.
  const workerIds: string[] = []
  child.on('message', ({ workerId }: { workerId: string }) => workerIds.push(workerId))
  await once(child, 'message')
  return { child, workerIds, ended: endOf(child) }
}

/** How a process ended: its exit code, or the signal that killed it. */
export function endOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.signalCode ?? child.exitCode)
    child.once('exit', (code, signal) => resolve(signal ?? code))
  })
}

/** The whole log. */
async function logOf(store: LogStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for (;;) {
    const page = await store.read('default', events.length, 10_000)
    events.push(...page.events)
    if (events.length >= page.version) return events
  }
}

/** Resolves when every job has ended, at most after a minute. */
export async function allEnded(coordinator: Coordinator, ms = 60_000): Promise<void> {
  const giveUp = performance.now() + ms
  while (coordinator.state().activeCount + coordinator.state().waitingCount > 0) {
    if (performance.now() > giveUp) {
      const left = coordinator.state()
      throw new Error(`${left.activeCount} jobs are still active and ${left.waitingCount} wait`)
    }
    // Each look is a question to the database, which has the workers to serve.
    await new Promise((resolve) => setTimeout(resolve, 100))
    await coordinator.catchUp()
  }
}

/** What the log proves, by the sweep that shares no code with admission, and whether the rows are what it says. */
export async function judge(store: LogStore) {
  const events = await logOf(store)
  const folded = projectionOf(replay(events))
  const verified = isDeepStrictEqual(await store.projection('default'), folded)
  return { events, violations: audit(events).violations, verified }
}

/** Attempts by how they ended: each `started` has exactly one end, and no end is without a start. */
export function attemptsOf(events: readonly RecordedEvent[]) {
  const open = new Map<number, string>()
  const ends: Record<string, number> = {}
  for (const event of events) {
    if (event.type === 'started') open.set(event.seq, event.jobId)
    else if ('token' in event && event.token !== null && event.type !== 'detached') {
      if (!open.delete(event.token)) throw new Error(`event ${event.seq} ends an attempt that is not open`)
      ends[event.type] = (ends[event.type] ?? 0) + 1
    }
  }
  return { open: [...open.values()], ends }
}

/** Handlers that ran on one model at the same time, by the database's clock; a killed one ends when it began. */
export async function overlaps(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`
    select count(*)::int as n from runs a join runs b
      on a.models && b.models and (a.job_id, a.token) < (b.job_id, b.token)
     and a.began_at < b.ended_at and b.began_at < a.ended_at`)
  return rows[0]?.n ?? 0
}
