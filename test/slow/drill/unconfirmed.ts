/** Commits that no standby has, and a fail-over to that standby: nothing that was acknowledged may be gone. */

import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import type { Cluster } from './cluster.ts'
import { at, type Node } from './patroni-config.ts'
import { Producer } from './producer.ts'
import { logOf, lostOf, type Scene } from './scene.ts'
import { until } from './until.ts'
import { withClient } from './with-client.ts'

/** What goes wrong before the leader dies. */
export const accidents = ['waiting sessions terminated', 'checkpointer stopped'] as const
export type Accident = (typeof accidents)[number]

/** What came of it. */
export interface Unconfirmed {
  readonly accident: Accident
  readonly acknowledged: number
  readonly lost: number
  /** Jobs that were in line on the leader when it died, and acknowledged to nobody. */
  readonly unconfirmed: number
  /** Workers that had read some of those, and stopped for that. */
  readonly stopped: number
}

/** How many producers there are beside that of the scene: processes tell each other what came of their commands. */
const MORE = 2
/** How often waiting sessions are terminated. */
const TIMES = 20
/** How many commits are made while none waits, though they are to. */
const COMMITS = 5

export async function unconfirmed(scene: Scene, accident: Accident): Promise<Unconfirmed> {
  const { cluster, queue, workers } = scene
  const more = await Promise.all(Array.from({ length: MORE }, (_, i) => produce(cluster, queue, `more-${i}`)))
  const producers = [scene.producer, ...more.map(({ producer }) => producer)]
  await until('all producers are acknowledged', () => producers.every((one) => one.acknowledged.length > 5))
  const leader = await cluster.leader()
  const { standby, undo } = await bringAbout[accident](cluster, leader)
  let unconfirmed = 0
  await until('a job is in line that nobody was told of', async () => {
    const inLine = await queuedOn(leader, queue)
    const told = new Set(producers.flatMap((producer) => producer.acknowledged))
    unconfirmed = inLine.filter((jobId) => !told.has(jobId)).length
    return unconfirmed > 0
  })
  await cluster.kill().then((bringBack) => {
    undo()
    return failOver(cluster, leader, standby, bringBack)
  })
  await Promise.all(producers.map((producer) => producer.stop()))
  const ended = await workers.stop()
  const acknowledged = producers.flatMap((producer) => producer.acknowledged)
  const store = postgresStore(cluster.url)
  const events = await logOf(store, queue).finally(() => store.close())
  await Promise.all(more.map(({ end }) => end()))
  return {
    accident,
    acknowledged: acknowledged.length,
    lost: lostOf(acknowledged, events),
    unconfirmed,
    stopped: ended.filter(({ printed }) => printed.includes('log_went_back')).length,
  }
}

/** Puts jobs in line from a process of its own, as far as the database can tell. */
async function produce({ url }: Cluster, queue: string, name: string) {
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, queue, logger: silentLogger, patienceMs: 60_000 })
  const producer = new Producer(coordinator, name)
  const end = async () => {
    await coordinator.close()
    await store.close()
  }
  return { producer, end }
}

/** The standby that takes over, and what is to be undone when the leader is dead. */
interface Brought {
  readonly standby: Standby
  readonly undo: () => void
}

const bringAbout: Readonly<Record<Accident, (cluster: Cluster, leader: Node) => Promise<Brought>>> = {
  'waiting sessions terminated': async (cluster, leader) => {
    const standby = await standStill(await cluster.synchronousStandby())
    for (let times = 0; times < TIMES; times++) {
      await until('a commit waits', async () => (await onServer(leader, terminate)).rowCount !== 0)
    }
    return { standby, undo: () => {} }
  },
  'checkpointer stopped': async (cluster, leader) => {
    await cluster.loosen()
    await until('the leader has read it', async () => {
      const { rows } = await onServer<{ names: string }>(
        leader,
        "select current_setting('synchronous_standby_names') as names",
      )
      return rows[0]?.names === ''
    })
    // Its checkpointer has, too, once it has made a checkpoint that was asked for after that.
    await onServer(leader, 'checkpoint')
    const text = "select pid from pg_stat_activity where backend_type = 'checkpointer'"
    const pid = (await onServer<{ pid: number }>(leader, text)).rows[0]?.pid as number
    process.kill(pid, 'SIGSTOP')
    await cluster.tighten()
    const standby = await standStill(await cluster.synchronousStandby())
    // Each of them is done, as the server has it.
    for (let n = 0; n < COMMITS; n++) await onServer(leader, 'insert into drill_probe default values')
    return { standby, undo: () => void process.kill(pid, 'SIGCONT') }
  },
}

const terminate = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"

const onServer = <Row extends object>({ port }: Node, text: string) =>
  withClient(`postgres://postgres@${at(port)}/postgres`, (client) => client.query<Row>(text))

async function queuedOn(node: Node, queue: string): Promise<readonly string[]> {
  const text = `select job_id from job_queue_log where event_type = 'queued' and queue = '${queue}'`
  return (await onServer<{ job_id: string }>(node, text)).rows.map(({ job_id: id }) => id)
}

interface Standby {
  /** What has come to it and was not written goes with it. */
  drop(): void
}

/** It writes nothing more of what comes. */
async function standStill(node: Node): Promise<Standby> {
  const { rows } = await onServer<{ pid: number }>(node, 'select pid from pg_stat_wal_receiver')
  const pid = rows[0]?.pid as number
  process.kill(pid, 'SIGSTOP')
  return { drop: () => void process.kill(pid, 'SIGKILL') }
}

async function failOver(
  cluster: Cluster,
  former: Node,
  standby: Standby,
  bringBack: () => Promise<void>,
): Promise<void> {
  standby.drop()
  await cluster.isLedByOtherThan(former)
  await bringBack()
  await cluster.isWhole()
}
