/** A worker process with a short lease, niced, whose jobs each put the next one in line, until they are told to stop that. */
import { setPriority } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
import { answerEach } from '../frame/answerer.ts'
import { asked } from '../frame/child.ts'

/** Leaves the processor to everybody else on this machine. */
const NICE = 19
const KEYS = 1_000
/** A handler takes half as long to twice as long, of which it computes a little. */
const HANDLER_MS = 150
const COMPUTES_MS = 2
/** A job that loses its lease again and again is no failure here. */
const ATTEMPTS = 1_000

export interface StormWorker {
  readonly url: string
  readonly slots: number
  readonly number: number
  readonly leaseMs: number
}

export type StormOrder =
  | { readonly do: 'fill'; readonly jobs: number }
  | { readonly do: 'work' | 'finish' | 'report' }

export interface StormReport {
  readonly appends: number
  readonly lost: number
  readonly elections: number
}

setPriority(NICE)
const { url, slots, number, leaseMs } = asked<StormWorker>()
const store = postgresStore(url)
const coordinator = await createCoordinator({
  ...{ store, name: `process-${number}`, leaseMs, logger: silentLogger },
})
let isRefilling = true
let made = 0

const nextJob = () => ({
  jobId: `${number}-${made++}`,
  models: [`key-${Math.floor(Math.random() * KEYS)}`],
  payload: { text: 'x'.repeat(90) },
  attempts: ATTEMPTS,
})

const worker = createJobWorker({
  coordinator,
  concurrency: slots,
  handlers: {
    normal: async () => {
      if (isRefilling) await coordinator.enqueue([nextJob()])
      await delay(HANDLER_MS * (0.5 + 1.5 * Math.random()))
      for (const until = performance.now() + COMPUTES_MS; performance.now() < until; );
      return { done: true }
    },
  },
})

await answerEach<StormOrder>(async (order) => {
  if (order.do === 'fill') await coordinator.enqueue(Array.from({ length: order.jobs }, nextJob))
  if (order.do === 'work') worker.start()
  if (order.do === 'finish') isRefilling = false
  const { appends, lost, elections } = coordinator.health().counts
  return { appends, lost, elections } satisfies StormReport
})
