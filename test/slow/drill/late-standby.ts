import { setTimeout as sleep } from 'node:timers/promises'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { LONG, logOf, lostOf, type Scene, startLong } from './scene.ts'
import { until } from './until.ts'

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

/** A kill with standbys that have heard nothing for 1.5 s; nobody waits for them. */
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
    const events = await logOf(store, scene.queue)
    const { epoch } = await store.read(scene.queue, 0, 1)
    return {
      acknowledged: producer.acknowledged.length,
      lostEvents: lostOf(producer.acknowledged, events),
      attempts: LONG.jobs,
      exits: ended.map(({ code }) => code),
      told: ended.filter(({ printed }) => printed.includes('log_went_back')).length,
      epoch,
      status: (await store.projection(scene.queue))?.state.status ?? 'unknown',
    }
  } finally {
    await store.close()
  }
}

/** Workers that have not found within two minutes that events are missing never will. */
async function tooLate(): Promise<never> {
  await sleep(120_000, undefined, { ref: false })
  throw new Error('the workers go on, though a standby took over that lacked events')
}
