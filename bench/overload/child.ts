/** A process of a program with default settings, in one of five parts, which notes all that goes wrong until it is ended. */
import { setTimeout as delay } from 'node:timers/promises'
import { createCoordinator } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
import { answerEach } from '../frame/answerer.ts'
import { asked } from '../frame/child.ts'
import { type FailedCall, failedCall, noting } from './failed-calls.ts'

export interface OverloadChild {
  readonly url: string
  readonly number: number
  readonly part: 'worker' | 'gate' | 'flows' | 'enqueue' | 'many'
}

export type OverloadOrder = { readonly do: 'begin' | 'end' }

/** What was done, and what failed since the last report. */
export interface OverloadReport {
  readonly calls: number
  readonly appends: number
  readonly lost: number
  readonly failed: readonly FailedCall[]
  /** What its coordinator has logged as a warning or an error. */
  readonly logged: readonly string[]
}

const MODELS = 200
const SLOTS = 8
const HANDLER_MS = 40
/** Between two calls of a part: nobody waits for the queue in a loop without a pause. */
const PAUSE_MS = 150
const CHILDREN = 20
/** The most that one append takes: larger calls come in parts. */
const CALL = 500

const { url, number, part } = asked<OverloadChild>()
let failed: FailedCall[] = []
const logged: string[] = []
let calls = 0
let isOver = false
const keep = (line: string) => void logged.push(line)
const coordinator = noting(
  await createCoordinator({
    store: postgresStore(url),
    name: `${part}-${number}`,
    logger: { info: () => {}, warn: keep, error: keep },
  }),
  (one) => failed.push(one),
)

let made = 0
const model = () => `model-${Math.floor(Math.random() * MODELS)}`
const nextJob = () => ({
  jobId: `${part}-${number}-${made++}`,
  models: [model()],
  payload: { text: 'x'.repeat(90) },
})

const works: Readonly<Record<OverloadChild['part'], () => Promise<unknown>>> = {
  worker: async () => delay(PAUSE_MS),
  gate: async () => {
    const { jobId, models } = nextJob()
    const answer = await coordinator.onJobStart(jobId, 'normal', models, { wait: true })
    if (!answer.allowed) return
    await delay(HANDLER_MS)
    await coordinator.onJobComplete(jobId, 'normal')
  },
  flows: async () => {
    const first = nextJob()
    const children = Array.from({ length: CHILDREN }, () => ({ ...nextJob(), after: [first.jobId] }))
    const last = { ...nextJob(), after: children.map(({ jobId }) => jobId) }
    await coordinator.enqueue([first, ...children, last])
  },
  enqueue: async () => {
    const job = nextJob()
    await coordinator.enqueue([job])
    if (made % 5 === 0) await coordinator.explain(job.jobId)
    if (made % 10 === 0) await coordinator.reprioritize(job.jobId, { priority: 5 }).catch(() => {})
  },
  many: async () => {
    await coordinator.enqueue(Array.from({ length: CALL }, nextJob))
    await delay(20 * PAUSE_MS)
  },
}

async function work(): Promise<void> {
  while (!isOver) {
    calls++
    // It is noted, and a program would go on.
    await works[part]().catch(() => {})
    await delay(PAUSE_MS)
  }
}

const worker =
  part === 'worker'
    ? createJobWorker({
        coordinator,
        concurrency: SLOTS,
        handlers: { normal: () => delay(HANDLER_MS, { done: true }) },
        onError: (error) => keep(failedCall('worker', error, 0).text),
      })
    : undefined
coordinator.stopped$.subscribe((error) => failed.push(failedCall('stopped$', error, 0)))

await answerEach<OverloadOrder>(async (order) => {
  if (order.do === 'begin') {
    if (part === 'many') await coordinator.setPolicy('by-model')
    worker?.start()
    void work()
  } else isOver = true
  const { appends, lost } = coordinator.health().counts
  const report = { calls, appends, lost, failed, logged: logged.splice(0) }
  failed = []
  return report satisfies OverloadReport
})
