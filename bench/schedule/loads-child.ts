/** One worker process that keeps one checkpoint: its handler sleeps for as long as a request takes, and for a load where it has another checkpoint. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
import { asked } from '../frame/child.ts'
import { LOAD_SECONDS } from './loads.ts'

export interface LoadsOrder {
  readonly url: string
  readonly jobs: number
  /** Everything takes this part of its time. */
  readonly faster: number
}

export interface LoadsReport {
  readonly loads: number
  /** When its last handler ended. */
  readonly endedAt: number
}

const { url, jobs, faster } = asked<LoadsOrder>()
const store = postgresStore(url)
const coordinator = await createCoordinator({ store, logger: silentLogger })
let [loads, left, endedAt] = [0, jobs, 0]
let loaded: string | undefined
const all = Promise.withResolvers<void>()
const ends = coordinator.events$.subscribe(({ type }) => {
  if (type === 'completed' && --left === 0) all.resolve()
})
const worker = createJobWorker({
  coordinator,
  keeps: 1,
  handlers: {
    normal: async ({ models: [checkpoint], payload }) => {
      const isLoad = checkpoint !== loaded
      loaded = checkpoint
      if (isLoad) loads++
      await sleep(((Number(payload) + (isLoad ? LOAD_SECONDS : 0)) * 1_000) / faster)
      endedAt = Date.now()
    },
  },
})
process.once('message', () => worker.start())
process.send?.('ready')
await all.promise
ends.unsubscribe()
await worker.drain()
process.send?.({ loads, endedAt } satisfies LoadsReport)
await coordinator.close()
await store.close()
process.disconnect()
