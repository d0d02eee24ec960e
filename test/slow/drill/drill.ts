/** Kills and switchovers with a synchronous standby, with workers and a producer under way: nothing may be lost. */
import { audit } from '../../../src/tools/audit/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { beyondMs, type Case, MOST_BEYOND_MS, type Round, round } from './rounds.ts'
import { logOf, lostOf, type Scene, type Times } from './scene.ts'
import { until } from './until.ts'

export interface DrillOptions extends Times {
  readonly kills: number
  readonly onlyPatroni: number
  readonly switchovers: number
  readonly tell: (text: string) => void
}

export interface DrillReport {
  readonly rounds: readonly Round[]
  readonly acknowledged: number
  readonly lostEvents: number
  readonly failed: readonly string[]
  readonly verified: boolean
  readonly violations: number
  readonly overlaps: readonly string[]
  /** What one worker printed. */
  readonly printed: string
}

export const isWell = ({
  rounds,
  lostEvents,
  failed,
  verified,
  violations,
  overlaps,
}: DrillReport): boolean =>
  verified &&
  lostEvents + failed.length + violations + overlaps.length === 0 &&
  rounds.every((one) => beyondMs(one) <= MOST_BEYOND_MS)

export async function drill(scene: Scene, options: DrillOptions): Promise<DrillReport> {
  const { store, producer, workers, coordinator } = scene
  const { kills, onlyPatroni, switchovers, tell } = options
  const rounds: Round[] = []
  const planned: readonly Case[] = [
    ...Array.from({ length: kills }, (_, n) =>
      n % 2 === 0 ? "machine death, with etcd's leader" : 'machine death',
    ),
    ...Array.from({ length: onlyPatroni }, () => "death of the leader's Patroni alone" as const),
    ...Array.from({ length: switchovers }, () => 'planned switchover' as const),
  ]
  for (const what of planned)
    rounds.push(
      await round(scene, what, (text) =>
        tell(text.startsWith(' ') ? text : `${rounds.length + 1} of ${planned.length}: ${text}`),
      ),
    )
  await producer.stop()
  await until('everything ends', async () => {
    await coordinator.catchUp()
    return coordinator.state().waitingCount + coordinator.state().activeCount === 0
  })
  const ended = await workers.stop()
  const events = await logOf(store, scene.queue)
  return {
    rounds,
    acknowledged: producer.acknowledged.length,
    lostEvents: lostOf(producer.acknowledged, events),
    failed: producer.failed.map(String),
    verified: (await verify({ store, queue: scene.queue })).ok,
    violations: audit(events).violations.length,
    overlaps: await workers.overlaps(),
    printed: ended[0]?.printed ?? '',
  }
}
