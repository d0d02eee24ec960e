/** Kills and switchovers with a synchronous standby, with workers and a producer under way: nothing may be lost. */
import { audit } from '../../src/audit/index.ts'
import { verify } from '../../src/history/index.ts'
import { beyondMs, MOST_BEYOND_MS, type Round, round } from './rounds.ts'
import { logOf, lostOf, type Scene, type Times } from './scene.ts'
import { until } from './until.ts'

export interface DrillOptions extends Times {
  readonly kills: number
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
  const { kills, switchovers, tell } = options
  const rounds: Round[] = []
  const next = (text: string) => tell(`${rounds.length + 1} of ${kills + switchovers}: ${text}`)
  for (let n = 0; n < kills; n++) {
    const what = n % 2 === 0 ? "machine death, with etcd's leader" : 'machine death'
    rounds.push(await round(scene, what, (text) => (text.startsWith(' ') ? tell(text) : next(text))))
  }
  for (let n = 0; n < switchovers; n++) {
    rounds.push(
      await round(scene, 'planned switchover', (text) => (text.startsWith(' ') ? tell(text) : next(text))),
    )
  }
  await producer.stop()
  await until('everything ends', async () => {
    await coordinator.catchUp()
    return coordinator.state().waitingCount + coordinator.state().activeCount === 0
  })
  const ended = await workers.stop()
  const events = await logOf(store)
  return {
    rounds,
    acknowledged: producer.acknowledged.length,
    lostEvents: lostOf(producer, events),
    failed: producer.failed.map(String),
    verified: (await verify({ store })).ok,
    violations: audit(events).violations.length,
    overlaps: await workers.overlaps(),
    printed: ended[0]?.printed ?? '',
  }
}
