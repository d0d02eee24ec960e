/** A process of a program with default settings: it puts jobs into a line, or works at it, and says what that took. */
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
import { answerEach } from '../frame/answerer.ts'
import { asked } from '../frame/child.ts'
import { median, quantile } from '../frame/statistics.ts'
import { payloadOf, resultOf } from '../peers/tasks.ts'
import { idOf, type LineOf, modelOf } from './jobs.ts'

export interface MillionChild {
  readonly url: string
  readonly slots: number
}

export type MillionOrder =
  | { readonly do: 'fill'; readonly line: LineOf; readonly jobs: number }
  | { readonly do: 'work'; readonly jobs: number }
  | { readonly do: 'append'; readonly line: LineOf; readonly from: number; readonly calls: number }
  | { readonly do: 'look'; readonly ids: readonly string[] }
  | { readonly do: 'weigh' }

/** Figures by what they are of. */
export type MillionReport = Readonly<Record<string, number>>

const CALL = 1_000

const { url, slots } = asked<MillionChild>()
const store = postgresStore(url)
const before = performance.now()
const coordinator = await createCoordinator({ store, logger: silentLogger })
const worker = createJobWorker({
  coordinator,
  concurrency: slots,
  handlers: { normal: () => resultOf(0) },
})
const joinS = (performance.now() - before) / 1_000

const jobsOf = (line: LineOf, from: number, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i
    return { jobId: idOf(n), models: [modelOf(line, n)], fairKey: `tenant-${n % 10}`, payload: payloadOf(n) }
  })

async function fill(line: LineOf, jobs: number): Promise<MillionReport> {
  const from = performance.now()
  for (let at = 0; at < jobs; at += CALL)
    await coordinator.enqueue(jobsOf(line, at, Math.min(CALL, jobs - at)))
  return { perSecond: (jobs * 1_000) / (performance.now() - from) }
}

/** One call after the other, each with one job. */
async function append(line: LineOf, from: number, calls: number): Promise<MillionReport> {
  const took: number[] = []
  for (const job of jobsOf(line, from, calls)) took.push(await timed(() => coordinator.enqueue([job])))
  return { p50: median(took), p99: quantile(took, 0.99) }
}

/** From the start of the worker to the end of so many jobs. */
async function work(jobs: number): Promise<MillionReport> {
  const all = Promise.withResolvers<void>()
  let left = jobs
  const ends = coordinator.events$.subscribe((event) => {
    if (event.type === 'completed' && --left === 0) all.resolve()
  })
  const from = performance.now()
  worker.start()
  await all.promise
  const took = performance.now() - from
  ends.unsubscribe()
  await worker.drain()
  return { perSecond: (jobs * 1_000) / took }
}

/** What people ask of a queue, of each of these jobs; and the queue as the dashboard shows it. */
async function look(ids: readonly string[]): Promise<MillionReport> {
  const [explain, position, state]: [number[], number[], number[]] = [[], [], []]
  for (const id of ids) {
    explain.push(await timed(() => coordinator.explain(id)))
    position.push(await timed(() => coordinator.position(id)))
    state.push(await timed(async () => coordinator.state()))
  }
  return { explain: median(explain), position: median(position), state: median(state) }
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await call()
  return performance.now() - from
}

const weigh = (): MillionReport => ({ joinS, mb: process.memoryUsage.rss() / 2 ** 20 })

await answerEach<MillionOrder>(async (order) => {
  if (order.do === 'fill') return fill(order.line, order.jobs)
  if (order.do === 'append') return append(order.line, order.from, order.calls)
  if (order.do === 'work') return work(order.jobs)
  return order.do === 'look' ? look(order.ids) : weigh()
})
await coordinator.close()
await store.close()
process.disconnect()
