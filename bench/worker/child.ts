/** Empties a line whose jobs have payloads, through `createJobWorker` or through the bare API, and says what that took. */

import { type Coordinator, createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import type { Started } from '../../src/engine/core/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
import { asked } from '../frame/child.ts'
import { keyNames, numberOf, payloadOf, resultOf, tasksOn, thousands } from '../peers/tasks.ts'
import { drain } from './drain.ts'

export interface WorkerOrder {
  readonly url: string
  readonly way: 'worker' | 'bare'
  readonly slots: number
  readonly keys: number
  /** Jobs that warm up, and jobs that count. */
  readonly counts: readonly number[]
}

export interface WorkerReport {
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly appends: number
}

const { url, way, slots, keys, counts } = asked<WorkerOrder>()
const store = postgresStore(url)
const coordinator = await createCoordinator({ store, logger: silentLogger })
await coordinator.setPolicy('by-model')

const ways = { worker: throughWorker, bare: throughApi }
let report: WorkerReport | undefined
let made = 0
for (const count of counts) {
  await fill(count)
  report = await measured(count)
}
process.send?.(report)
await coordinator.close()
await store.close()
process.disconnect()

async function fill(count: number): Promise<void> {
  for (const some of thousands(tasksOn(keyNames(keys), count, made))) {
    await coordinator.enqueue(
      some.map(({ n, key }) => ({
        jobId: `job-${n}`,
        models: key === null ? [] : [key],
        payload: payloadOf(n),
      })),
    )
  }
  made += count
}

async function measured(count: number): Promise<WorkerReport> {
  const cpu = process.cpuUsage()
  const before = coordinator.health().counts.appends
  const elapsedMs = await ways[way](coordinator, count)
  const { user, system } = process.cpuUsage(cpu)
  return { elapsedMs, cpuMs: (user + system) / 1_000, appends: coordinator.health().counts.appends - before }
}

/** From the start of the worker to the end of the last job. */
async function throughWorker(queue: Coordinator, count: number): Promise<number> {
  const all = Promise.withResolvers<void>()
  let left = count
  const ends = queue.events$.subscribe((event) => {
    if (event.type === 'completed' && --left === 0) all.resolve()
  })
  const normal = (job: { readonly payload: unknown }) => resultOf(numberOf(job.payload))
  const worker = createJobWorker({ coordinator: queue, concurrency: slots, handlers: { normal } })
  const from = performance.now()
  worker.start()
  await all.promise
  const took = performance.now() - from
  ends.unsubscribe()
  await worker.drain()
  return took
}

async function throughApi(queue: Coordinator): Promise<number> {
  const handle = async ({ lease }: Started) => {
    const data = await queue.dataOf(lease)
    return { result: resultOf(numberOf(data?.payload)) }
  }
  return (await drain(queue, slots, Number.POSITIVE_INFINITY, handle)).elapsedMs
}
