/** What the drill does: kills, switchovers and a standby that lacks the end, with workers and a producer under way. */
import { setTimeout as sleep } from 'node:timers/promises'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { audit } from '../../src/audit/index.ts'
import { type Coordinator, createCoordinator, silentLogger } from '../../src/coordinator/index.ts'
import type { RecordedEvent } from '../../src/core/index.ts'
import { verify } from '../../src/history/index.ts'
import { migrate } from '../../src/migrate/index.ts'
import type { LogStore } from '../../src/port/index.ts'
import type { Cluster } from './cluster.ts'
import { Producer } from './producer.ts'
import { until } from './until.ts'
import { withClient } from './with-client.ts'
import { startWorkers, type Workers } from './workers.ts'

export interface DrillOptions {
  readonly kills: number
  readonly switchovers: number
  readonly leaseSeconds: number
  readonly patienceSeconds: number
  readonly tell: (text: string) => void
}

/** One fail-over as the producer and the long attempts saw it; times in milliseconds. */
export interface Round {
  readonly gapMs: number
  /** From the kill, or the order, until another server leads and has committed something by itself. */
  readonly engineMs: number
  readonly attempts: number
  readonly lost: number
}

export interface DrillReport {
  readonly kills: readonly Round[]
  readonly switchovers: readonly Round[]
  readonly acknowledged: number
  readonly lostEvents: number
  readonly failed: readonly string[]
  readonly verified: boolean
  readonly violations: number
  readonly overlaps: readonly string[]
  /** What one worker printed. */
  readonly printed: string
}

const WORKERS = 3
/** Attempts that run for so long while a server follows the other. */
const LONG = { jobs: 6, ms: 45_000 }

export interface Scene {
  readonly cluster: Cluster
  readonly store: LogStore
  readonly coordinator: Coordinator
  readonly producer: Producer
  readonly workers: Workers
  readonly end: () => Promise<void>
}

/** Workers and a producer at work on a cluster. */
export async function setUp(cluster: Cluster, options: DrillOptions): Promise<Scene> {
  const { leaseSeconds, patienceSeconds } = options
  await withClient(await cluster.leaderUrl(), async (client) => {
    await client.query('create table if not exists drill_probe (id bigint generated always as identity)')
    await migrate({
      query: async (sql, values) => (await client.query(sql, values ? [...values] : undefined)).rows,
      exec: async (sql) => void (await client.query(sql)),
    })
  })
  const store = postgresStore(cluster.url)
  const times = { leaseMs: leaseSeconds * 1_000, patienceMs: patienceSeconds * 1_000 }
  const coordinator = await createCoordinator({ store, logger: silentLogger, ...times })
  await coordinator.setPolicy('by-model')
  const flags = ['--lease', String(leaseSeconds), '--patience', String(patienceSeconds)]
  const workers = await startWorkers(WORKERS, cluster.url, flags)
  const producer = new Producer(coordinator, `short-${performance.now()}`)
  await until('jobs are acknowledged', () => producer.acknowledged.length > 20)
  const end = async () => {
    await producer.stop()
    await coordinator.close()
    await store.close()
    await workers.remove()
  }
  return { cluster, store, coordinator, producer, workers, end }
}

/** The drill with a synchronous standby: nothing may be lost. */
export async function drill(scene: Scene, options: DrillOptions): Promise<DrillReport> {
  const { cluster, store, producer, workers, coordinator } = scene
  const kills: Round[] = []
  for (let n = 1; n <= options.kills; n++) {
    let bringBack = async () => {}
    const kill = async () => {
      bringBack = await cluster.kill()
    }
    kills.push(await round(scene, kill))
    options.tell(`kill ${n}: ${roundText(kills.at(-1))}`)
    await bringBack()
    await cluster.isWhole()
  }
  const switchovers: Round[] = []
  for (let n = 1; n <= options.switchovers; n++) {
    switchovers.push(await round(scene, () => cluster.switchOver()))
    options.tell(`switchover ${n}: ${roundText(switchovers.at(-1))}`)
    await cluster.isWhole()
  }
  await producer.stop()
  await until('everything ends', async () => {
    await coordinator.catchUp()
    return coordinator.state().waitingCount + coordinator.state().activeCount === 0
  })
  const ended = await workers.stop()
  const events = await logOf(store)
  return {
    kills,
    switchovers,
    acknowledged: producer.acknowledged.length,
    lostEvents: lostOf(producer, events),
    failed: producer.failed.map(String),
    verified: (await verify({ store })).ok,
    violations: audit(events).violations.length,
    overlaps: await workers.overlaps(),
    printed: ended[0]?.printed ?? '',
  }
}

/** What a standby costs that lacks the end of the log. */
export interface LateReport {
  readonly acknowledged: number
  readonly lostEvents: number
  readonly attempts: number
  readonly exits: readonly (number | null)[]
  /** Workers that said that the log went back. */
  readonly told: number
  readonly epoch: number
  readonly status: string
}

/** The same with standbys that have heard nothing for 1.5 s; nobody waits for them. */
export async function lateStandby(scene: Scene): Promise<LateReport> {
  const { cluster, coordinator, producer, workers } = scene
  await startLong(coordinator)
  await cluster.loosen()
  const goOn = await cluster.cutOffStandbys()
  const before = producer.acknowledged.length
  await sleep(1_500)
  await until('some are acknowledged', () => producer.acknowledged.length > before + 5)
  await cluster.kill()
  goOn()
  const ended = await Promise.race([workers.ended(), tooLate()])
  await producer.stop()
  const store = postgresStore(cluster.url)
  try {
    const events = await logOf(store)
    const { epoch } = await store.read('default', 0, 1)
    return {
      acknowledged: producer.acknowledged.length,
      lostEvents: lostOf(producer, events),
      attempts: LONG.jobs,
      exits: ended.map(({ code }) => code),
      told: ended.filter(({ printed }) => printed.includes('log_went_back')).length,
      epoch,
      status: (await store.projection('default'))?.state.status ?? 'unknown',
    }
  } finally {
    await store.close()
  }
}

/** Something happens to the leader while long attempts run. */
async function round(
  { cluster, coordinator, producer, store }: Scene,
  happen: () => Promise<void>,
): Promise<Round> {
  const ids = await startLong(coordinator)
  await sleep(2_000)
  producer.takeGap()
  const at = performance.now()
  await happen()
  await cluster.commitsAgain()
  const engineMs = performance.now() - at
  const acknowledged = producer.acknowledged.length
  await until('jobs are acknowledged again', () => producer.acknowledged.length > acknowledged + 3)
  const gapMs = producer.takeGap()
  await until('the long attempts end', async () => {
    await coordinator.catchUp().catch(() => {})
    return ids.every(
      (id) =>
        !coordinator
          .state()
          .active()
          .some(({ jobId }) => jobId === id),
    )
  })
  const lost = (await logOf(store)).filter(
    (event) => event.type === 'lease_expired' && ids.includes(event.jobId),
  ).length
  return { gapMs, engineMs, attempts: ids.length, lost }
}

/** Workers that have not found within two minutes that events are missing never will. */
async function tooLate(): Promise<never> {
  await sleep(120_000, undefined, { ref: false })
  throw new Error('the workers go on, though a standby took over that lacked events')
}

let rounds = 0

/** Resolves when all of them run. */
async function startLong(coordinator: Coordinator): Promise<readonly string[]> {
  rounds++
  const ids = Array.from({ length: LONG.jobs }, (_, i) => `long-${rounds}-${i}`)
  await coordinator.enqueue(
    ids.map((jobId, i) => ({ jobId, models: [`long-${i}`], payload: { ms: LONG.ms } })),
  )
  await until('the long attempts run', async () => {
    await coordinator.catchUp()
    return ids.every((id) =>
      coordinator
        .state()
        .active()
        .some(({ jobId }) => jobId === id),
    )
  })
  return ids
}

function lostOf({ acknowledged }: Producer, events: readonly RecordedEvent[]): number {
  const queued = new Set(events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : [])))
  return acknowledged.filter((jobId) => !queued.has(jobId)).length
}

async function logOf(store: LogStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for (;;) {
    const page = await store.read('default', events.length, 10_000)
    events.push(...page.events)
    if (events.length >= page.version) return events
  }
}

function roundText(round: Round | undefined): string {
  if (round === undefined) return ''
  const { gapMs, engineMs, attempts, lost } = round
  return `${seconds(gapMs)} s without an acknowledgement, of which Patroni took ${seconds(engineMs)}; ${lost} of ${attempts} attempts lost`
}

export const seconds = (ms: number): string => (ms / 1_000).toFixed(1)
