import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { enqueueIn, fromKnex } from '../../src/engine/transaction/index.ts'
import { createJobWorker, inBatch, type Job } from '../../src/engine/worker/index.ts'
import { migrateAt } from '../frame/servers.ts'
import type { Handle, Session, Setting, Task } from './peer.ts'
import { numberOf, payloadOf } from './tasks.ts'

export async function migrate(url: string): Promise<void> {
  await migrateAt(url)
  const { coordinator, leave } = await join(url)
  await coordinator.setPolicy('by-model')
  await leave()
}

/** As the README shows it: a store, a coordinator, a worker with a handler. */
export async function connect({ url, slots, many, process, intake = false }: Setting): Promise<Session> {
  const { coordinator, leave } = await join(url, process)
  const size = many?.inBatch === true ? many.batch : 1
  return {
    enqueue: (tasks) => coordinator.enqueue(tasks.map(inputOf)),
    enqueueIn: (transaction, task) => enqueueIn(fromKnex(transaction), [inputOf(task)]),
    work: async (handle: Handle) => {
      const worker = createJobWorker({
        coordinator,
        concurrency: slots / size,
        intake,
        handlers: { normal: size === 1 ? (job) => handle(numberIn(job)) : inBatch({ size }, each(handle)) },
      })
      worker.start()
      return () => worker.drain()
    },
    close: leave,
  }
}

async function join(url: string, process = 0) {
  const store = postgresStore(url)
  const name = `process-${process}`
  const coordinator = await createCoordinator({ store, name, logger: silentLogger })
  const leave = async () => {
    await coordinator.close()
    await store.close()
  }
  return { coordinator, leave }
}

const numberIn = ({ payload }: Job): number => (payload === null ? 0 : numberOf(payload))

const each = (handle: Handle) => async (jobs: readonly Job[]) =>
  new Map(await Promise.all(jobs.map(async (job) => [job.jobId, await handle(numberIn(job))] as const)))

const inputOf = ({ n, key, models, isBare = false }: Task) => ({
  jobId: `job-${n}`,
  models: models ?? (key === null ? [] : [key]),
  ...(isBare ? undefined : { payload: payloadOf(n) }),
})
