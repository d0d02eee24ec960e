import type { Coordinator } from '../../src/engine/coordinator/index.ts'
import type { Started } from '../../src/engine/core/index.ts'
import type { LogStore } from '../../src/engine/store/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { median, ratios } from '../frame/statistics.ts'
import { coordinated, enqueueAll, jobsOn } from '../jobs.ts'

const MODELS = 100

type Calls = Readonly<Record<'enqueue' | 'end' | 'start', number>>

/**
 * One call after the other while the line keeps its length. Every length has its own queue, all in one database and
 * measured by turns, so that the lengths differ and nothing else does.
 */
export async function depthRows(context: Context): Promise<readonly Row[]> {
  const lengths = context.quick ? [10, 100] : [100, 10_000, 100_000]
  const store = postgresStore(await context.servers.database())
  try {
    return await withLines(store, lengths, context, [])
  } finally {
    await store.close()
  }
}

/** Opens one queue inside the other: all lines stand before the first is measured. */
async function withLines(
  store: LogStore,
  lengths: readonly number[],
  context: Context,
  lines: readonly WorkedQueue[],
): Promise<readonly Row[]> {
  const waiting = lengths[lines.length]
  if (waiting === undefined) return measured(context, lines)
  return coordinated(store, `depth-${waiting}`, async (coordinator) => {
    context.progress(`${waiting.toLocaleString('en')} jobs come into line`)
    const line = await WorkedQueue.fill(coordinator, waiting)
    return withLines(store, lengths, context, [...lines, line])
  })
}

const calls = [
  ['enqueue', 'enqueue'],
  ['end', 'end and start of the next'],
  ['start', 'start by a claim'],
] as const

/** The lines by turns, so that what else goes on in the meantime meets all of them. */
async function measured(context: Context, lines: readonly WorkedQueue[]): Promise<readonly Row[]> {
  const steps = sized(context, 400, 5)
  for (const line of lines) await line.work(steps)
  const figures = await sample(context, 'calls', async () => {
    const times: Record<string, number> = {}
    for (const line of lines) {
      for (const [name, ms] of Object.entries(await line.work(steps))) times[`${name}/${line.waiting}`] = ms
    }
    return times
  })
  const samplesOf = (name: string, line: WorkedQueue | undefined) => figures[`${name}/${line?.waiting}`] ?? []
  const [first, last] = [lines.at(0), lines.at(-1)]
  return calls.flatMap(([name, call]) => [
    ...lines.map((line) => ({
      what: `${call}, ${line.waiting.toLocaleString('en')} waiting, p50`,
      unit: 'ms',
      samples: samplesOf(name, line),
    })),
    {
      what: `the same over ${first?.waiting} waiting`,
      unit: '×',
      samples: ratios(samplesOf(name, last), samplesOf(name, first)),
      goal: { most: 1.5 },
    },
  ])
}

/** A queue with a long line: one job of each model runs, the others wait. */
class WorkedQueue {
  readonly waiting: number
  readonly #coordinator: Coordinator
  readonly #running: Started[]
  #next: number

  private constructor(coordinator: Coordinator, waiting: number, running: Started[]) {
    this.#coordinator = coordinator
    this.waiting = waiting
    this.#running = running
    this.#next = waiting + MODELS
  }

  static async fill(coordinator: Coordinator, waiting: number): Promise<WorkedQueue> {
    await enqueueAll(coordinator, jobsOn(MODELS, waiting + MODELS))
    const running = [...(await coordinator.claim({ max: MODELS, kinds: null }))]
    return new WorkedQueue(coordinator, waiting, running)
  }

  /** Median milliseconds of each call. Two jobs come and two end in a step. */
  async work(steps: number): Promise<Calls> {
    const times = { enqueue: [] as number[], end: [] as number[], start: [] as number[] }
    const one = { max: 1, kinds: null }
    for (let step = 0; step < steps; step++) {
      const [first, second] = [this.#oldest(), this.#oldest()]
      for (const job of [first, second]) {
        const next = { jobId: `job-${this.#next++}`, models: job.spec.models }
        times.enqueue.push(await elapsed(() => this.#coordinator.enqueue([next])))
      }
      times.end.push(await this.#take(() => this.#coordinator.complete(first.lease, { claim: one })))
      await this.#coordinator.complete(second.lease)
      times.start.push(await this.#take(() => this.#coordinator.claim(one)))
    }
    return { enqueue: median(times.enqueue), end: median(times.end), start: median(times.start) }
  }

  #oldest(): Started {
    const job = this.#running.shift()
    if (job === undefined) throw new Error('a job that was startable was not started')
    return job
  }

  async #take(call: () => Promise<readonly Started[]>): Promise<number> {
    return elapsed(async () => this.#running.push(...(await call())))
  }
}

async function elapsed(call: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await call()
  return performance.now() - from
}
