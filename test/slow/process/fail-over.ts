/** What the tests of a fail-over have in common: worker processes, a producer, and what both saw. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { temporaryFolder } from '../../servers/cli/support.ts'
import { start } from '../../servers/e2e/support.ts'
import {
  type ReplicatedPostgres,
  type ReplicationOptions,
  startReplicated,
} from '../../support/replicated-postgres.ts'
import { atEnd } from '../../support/this-test.ts'

/** Each process writes into a file of its own when its handlers began and ended: the database is not asked. */
const handlers = (folder: string, ms: number, leaseMs: number) => `
  import { appendFileSync } from 'node:fs'
  import { setTimeout as sleep } from 'node:timers/promises'
  const file = ${JSON.stringify(folder)} + '/' + process.pid + '.txt'
  const note = (what, { jobId, models }, token) =>
    appendFileSync(file, [what, performance.timeOrigin + performance.now(), jobId, token, models.join(';')].join(' ') + '\\n')
  async function work(job, { fencingToken, signal }) {
    note('began', job, fencingToken)
    try {
      await sleep(${ms} * (0.5 + Math.random()), undefined, { signal })
    } finally {
      note('ended', job, fencingToken)
    }
  }
  export default { handlers: { '*': work }, concurrency: 4, leaseMs: ${leaseMs} }`

export interface Scene {
  readonly pair: ReplicatedPostgres
  readonly coordinator: Coordinator
  readonly store: ReturnType<typeof postgresStore>
  readonly workers: readonly ReturnType<typeof start>[]
  readonly producer: Producer
  /** Ends the workers and gives what they printed. */
  stop(): Promise<readonly string[]>
  /** Handlers that ran at the same time on one model, by the files of the workers. */
  overlaps(): Promise<readonly string[]>
  /** How many handlers began, by the same. */
  began(): Promise<number>
}

const MODELS = 8

/** Two servers, workers and a producer under way. */
export async function loaded({
  workers = 3,
  handlerMs = 30,
  leaseMs = 15_000,
  ...options
}: ReplicationOptions & {
  readonly workers?: number
  readonly handlerMs?: number
  readonly leaseMs?: number
}): Promise<Scene> {
  const pair = await startReplicated(options)
  atEnd(() => pair.remove())
  const folder = await temporaryFolder()
  const files = path.join(folder, 'runs')
  await mkdir(files)
  const file = path.join(folder, 'handlers.mjs')
  await writeFile(file, handlers(files, handlerMs, leaseMs))
  const store = postgresStore(pair.url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  await coordinator.setPolicy('by-model')
  const started = Array.from({ length: workers }, () => start(['work', '--handler', file, '--url', pair.url]))
  const producer = new Producer(coordinator)
  atEnd(() => producer.stop())
  const lines = async () =>
    (await Promise.all((await readdir(files)).map((name) => readFile(path.join(files, name), 'utf8'))))
      .flatMap((text) => text.split('\n'))
      .filter((line) => line !== '')
  // All of them work before anything happens.
  while ((await readdir(files)).length < workers) await sleep(20)
  return {
    ...{ pair, coordinator, store, workers: started, producer },
    stop: async () => {
      for (const { child } of started) child.kill('SIGTERM')
      return (await Promise.all(started.map(({ ended }) => ended))).map(({ stderr }) => stderr)
    },
    overlaps: async () => overlapsIn(await lines()),
    began: async () => (await lines()).filter((line) => line.startsWith('began')).length,
  }
}

/** Puts jobs in line, one after the other, and remembers what was acknowledged and when. */
export class Producer {
  readonly acknowledged: string[] = []
  readonly failed: unknown[] = []
  /** The longest time between two acknowledgements since this was last asked, in milliseconds. */
  #longest = 0
  #lastAt = performance.now()
  #isOver = false
  readonly #done: Promise<void>

  constructor(coordinator: Coordinator) {
    this.#done = this.#produce(coordinator)
  }

  async #produce(coordinator: Coordinator): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      const jobId = `job-${n}`
      try {
        await coordinator.enqueue([{ jobId, models: [`model-${n % MODELS}`], attempts: 1 }])
        this.acknowledged.push(jobId)
        const now = performance.now()
        this.#longest = Math.max(this.#longest, now - this.#lastAt)
        this.#lastAt = now
      } catch (error) {
        this.failed.push(error)
      }
      await sleep(10)
    }
  }

  /** Resolves when so many more were acknowledged. */
  async more(jobs: number): Promise<void> {
    const upTo = this.acknowledged.length + jobs
    const giveUp = performance.now() + 60_000
    while (this.acknowledged.length < upTo && this.failed.length === 0) {
      if (performance.now() > giveUp)
        throw new Error(`${upTo - this.acknowledged.length} jobs are not acknowledged`)
      await sleep(5)
    }
  }

  takeGap(): number {
    const gap = this.#longest
    this.#longest = 0
    return Math.round(gap)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#done
  }
}

/** A handler that has not written its end runs until the last line of all. */
function overlapsIn(lines: readonly string[]): readonly string[] {
  const last = Math.max(...lines.map((line) => Number(line.split(' ')[1])))
  const runs = new Map<string, { job: string; model: string; from: number; to: number }>()
  for (const line of lines) {
    const [what, at, job = '', token, model = ''] = line.split(' ')
    const key = `${job} ${token}`
    const run = runs.get(key) ?? { job: key, model, from: 0, to: last }
    runs.set(key, what === 'began' ? { ...run, from: Number(at) } : { ...run, to: Number(at) })
  }
  const byModel = Map.groupBy(runs.values(), ({ model }) => model)
  return [...byModel.values()].flatMap((same) => {
    const inOrder = same.toSorted((a, b) => a.from - b.from)
    return inOrder.flatMap((run, i) => {
      const before = inOrder[i - 1]
      return before !== undefined && before.to > run.from
        ? [`${before.job} and ${run.job} on ${run.model}`]
        : []
    })
  })
}
