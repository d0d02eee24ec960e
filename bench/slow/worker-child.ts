/** A worker process with default settings, which works until it is ended. */

import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
import { answerEach } from '../frame/answerer.ts'
import { asked } from '../frame/child.ts'
import { numberOf, resultOf } from '../peers/tasks.ts'

export interface SlowWorker {
  readonly url: string
  readonly slots: number
  readonly number: number
}

export type SlowOrder = { readonly do: 'work' | 'report' }

export interface SlowReport {
  readonly appends: number
  readonly lost: number
  readonly elections: number
}

const { url, slots, number } = asked<SlowWorker>()
const store = postgresStore(url)
const coordinator = await createCoordinator({ store, name: `process-${number}`, logger: silentLogger })
const worker = createJobWorker({
  coordinator,
  concurrency: slots,
  handlers: { normal: ({ payload }) => resultOf(numberOf(payload)) },
})

await answerEach<SlowOrder>(async (order) => {
  if (order.do === 'work') worker.start()
  const { appends, lost, elections } = coordinator.health().counts
  return { appends, lost, elections } satisfies SlowReport
})
