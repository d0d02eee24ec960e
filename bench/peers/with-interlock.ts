import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { enqueueIn, fromKnex } from '../../src/engine/transaction/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
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
export async function connect({ url, slots, process, intake = false }: Setting): Promise<Session> {
  const { coordinator, leave } = await join(url, process)
  return {
    enqueue: (tasks) => coordinator.enqueue(tasks.map(inputOf)),
    enqueueIn: (transaction, task) => enqueueIn(fromKnex(transaction), [inputOf(task)]),
    work: async (handle: Handle) => {
      const worker = createJobWorker({
        coordinator,
        concurrency: slots,
        intake,
        handlers: { normal: (job) => handle(job.payload === null ? 0 : numberOf(job.payload)) },
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

const inputOf = ({ n, key, models, isBare = false }: Task) => ({
  jobId: `job-${n}`,
  models: models ?? (key === null ? [] : [key]),
  ...(isBare ? undefined : { payload: payloadOf(n) }),
})
