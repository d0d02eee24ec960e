import { setTimeout as sleep } from 'node:timers/promises'
import { activeIn, LONG, logOf, type Scene, startLong } from './scene.ts'
import { until } from './until.ts'

/** What happens to a leader. */
export const cases = [
  'machine death',
  "machine death, with etcd's leader",
  "death of the leader's Patroni alone",
  'planned switchover',
] as const
export type Case = (typeof cases)[number]

/** One fail-over as the producer and the long attempts saw it; times in milliseconds. */
export interface Round {
  readonly what: Case
  /** The longest time in which nothing was acknowledged. */
  readonly gapMs: number
  /** The longest time in which no program could commit. */
  readonly engineMs: number
  readonly attempts: number
  readonly lost: number
}

/** Interlock's own part: it has to be back so long after the engine. */
export const MOST_BEYOND_MS = 2_000
export const beyondMs = ({ gapMs, engineMs }: Round): number => Math.max(0, gapMs - engineMs)

/** Something happens to the leader while long attempts run; at the end all nodes are there again. */
export async function round(scene: Scene, what: Case, tell: (text: string) => void): Promise<Round> {
  const { cluster, coordinator, producer, probe, store, journal } = scene
  const ids = await startLong(coordinator)
  if (what.startsWith('machine')) {
    await cluster.leadEtcd(what === 'machine death' ? 'elsewhere' : 'with the leader')
  }
  await sleep(2_000)
  const former = await cluster.leader()
  tell(`${former.name} leads: ${what}`)
  const start = performance.now()
  producer.takeGap()
  probe.takeGap()
  const bringBack = await happen(scene, what)
  await cluster.isLedByOtherThan(former)
  const acknowledged = producer.acknowledged.length
  await until('jobs are acknowledged again', () => producer.acknowledged.length > acknowledged + 3)
  // What comes right after the promotion belongs to it: a standby that has to follow before commits go through.
  await sleep(5_000)
  const [gapMs, engineMs] = [producer.takeGap(), probe.takeGap()]
  tell(`  nothing acknowledged for ${seconds(gapMs)} s, no commit possible for ${seconds(engineMs)} s`)
  if (gapMs - engineMs > MOST_BEYOND_MS) for (const line of journal.since(start)) tell(line)
  await until('the long attempts end', async () => {
    await coordinator.catchUp().catch(() => {})
    const active = activeIn(coordinator)
    return ids.every((id) => !active.has(id))
  })
  const expired = (await logOf(store, scene.queue)).filter(({ type }) => type === 'lease_expired')
  const lost = expired.filter((event) => 'jobId' in event && ids.includes(event.jobId)).length
  tell(`  ${ids.length - lost} of ${ids.length} attempts of ${LONG.ms / 1_000} s went on`)
  await bringBack()
  await cluster.isWhole()
  return { what, gapMs, engineMs, attempts: ids.length, lost }
}

async function happen({ cluster }: Scene, what: Case): Promise<() => Promise<void>> {
  if (what.startsWith('machine')) return cluster.kill()
  if (what !== 'planned switchover') return cluster.killPatroni()
  await cluster.switchOver()
  return async () => {}
}

export const seconds = (ms: number): string => (ms / 1_000).toFixed(1)
