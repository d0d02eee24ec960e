import { setTimeout as sleep } from 'node:timers/promises'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { type Coordinator, createCoordinator, createJobWorker, type JobWorker } from '../../../src/index.ts'
import type { Cut } from './cut.ts'

/** From the call that submits a job to the first line of its handler in another process. */
export interface Start {
  readonly ms: number
  /** How many versions the other process was told of meanwhile (by Realtime, or with the answer to a beat), and how often it has read the log. */
  readonly told: number
  readonly reads: number
}

/** In order. */
export interface Starts {
  readonly before: readonly Start[]
  readonly during: readonly Start[]
  readonly after: readonly Start[]
}

const LOADERS = 3
const silent = { info: () => {}, warn: () => {}, error: () => {} }

/**
 * Workers that end some ten jobs a second, and beside them a free one, for which a job is submitted now and then: before
 * Realtime is cut, while it is away for `cutMs`, and from when all have joined again.
 *
 * @param storeOf another process's store, through the proxy
 * @param probesEach how many jobs are submitted before, while and after it is away
 */
export async function cutUnderLoad(
  cut: Cut,
  storeOf: () => LogStore,
  cutMs: number,
  probesEach = 10,
): Promise<Starts> {
  const joined: { coordinator: Coordinator; store: LogStore }[] = []
  const join = async (store = storeOf()) => {
    const coordinator = await createCoordinator({ store, logger: silent })
    joined.push({ coordinator, store })
    return coordinator
  }
  const submitter = await join()
  await submitter.setPolicy('by-model')
  const load = Array.from({ length: 2_000 }, (_, n) => ({
    jobId: `load-${n}`,
    models: [`l${n % 5}`],
    kind: 'load',
  }))
  await submitter.enqueue(load)
  const handler = () => sleep(200 + Math.random() * 200)
  const workers: JobWorker[] = []
  for (let n = 0; n < LOADERS; n++) {
    workers.push(createJobWorker({ coordinator: await join(), handlers: { load: handler } }))
  }
  const started = new Map<string, () => void>()
  const probe = async ({ jobId }: { jobId: string }) => started.get(jobId)?.()
  const counts = { told: 0, reads: 0 }
  workers.push(createJobWorker({ coordinator: await join(counted(storeOf(), counts)), handlers: { probe } }))
  for (const worker of workers) worker.start()
  let probes = 0
  const oneStart = async (): Promise<Start> => {
    const jobId = `probe-${++probes}`
    const start = new Promise<void>((resolve) => started.set(jobId, resolve))
    const begun = performance.now()
    const { told, reads } = counts
    await submitter.enqueue([{ jobId, models: [jobId], kind: 'probe' }])
    await start
    return { ms: performance.now() - begun, told: counts.told - told, reads: counts.reads - reads }
  }
  const several = async (pauseMs: number) => {
    const all: Start[] = []
    for (let n = 0; n < probesEach; n++) {
      await sleep(pauseMs * (0.5 + Math.random()))
      all.push(await oneStart())
    }
    return all
  }
  await sleep(2_000)
  const before = await several(300)
  cut.cut()
  const away = sleep(cutMs)
  const during = await several(cutMs / probesEach / 2)
  await away
  cut.heal()
  while (cut.connected() < joined.length) await sleep(50)
  // From the connection to the channel.
  await sleep(2_000)
  const after = await several(300)
  await Promise.all(workers.map((worker) => worker.drain()))
  for (const { coordinator, store } of joined) {
    await coordinator.close()
    await store.close()
  }
  return { before, during, after }
}

/** The store, with what it is told and what it reads counted. */
function counted(store: LogStore, counts: { told: number; reads: number }): LogStore {
  return {
    ...store,
    // With the answer: one that is under way when a job is submitted may find it.
    read: async (...given) => {
      const answer = await store.read(...given)
      counts.reads++
      return answer
    },
    listen: (queue, onWake) =>
      store.listen(queue, (wake) => {
        // A poll knows no version.
        if ('version' in wake && wake.version !== undefined) counts.told++
        onWake(wake)
      }),
  }
}
