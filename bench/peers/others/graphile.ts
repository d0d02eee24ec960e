import { Logger, makeWorkerUtils, run, runMigrations, WorkerPreset } from 'graphile-worker'
import { connected } from '../../frame/servers.ts'
import type { Session, Setting, Task } from '../peer.ts'
import { numberOf, payloadOf } from '../tasks.ts'

const logger = new Logger(() => () => {})
const identifier = 'job'

export async function migrate(url: string): Promise<void> {
  await runMigrations({ connectionString: url, logger })
}

/** @param batching takes up to 500 jobs at once into the process, and ends together what ends in one turn of its loop; as all do by many */
export async function connect({ url, slots, many }: Setting, batching: boolean): Promise<Session> {
  const utils = await makeWorkerUtils({ connectionString: url, logger })
  return {
    enqueue: (tasks) => {
      const [first] = tasks
      if (first === undefined || tasks.length > 1) return utils.addJobs(tasks.map(specOf))
      return utils.addJob(identifier, payloadOf(first.n), queueOf(first))
    },
    enqueueIn: (transaction, task) =>
      transaction.raw('select graphile_worker.add_job(?, ?::json)', [
        identifier,
        JSON.stringify(payloadOf(task.n)),
      ]),
    work: async (handle) => {
      const localQueue = { size: many?.ahead ?? 500 }
      const batches = { localQueue, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
      const runner = await run({
        preset: {
          extends: [WorkerPreset],
          worker: {
            connectionString: url,
            concurrentJobs: slots,
            // One listens. The more there are beside, the more often a slot looks for its next job before its last is ended.
            maxPoolSize: many === undefined ? Math.max(2, slots) : 10,
            logger,
            ...((batching || many !== undefined) && batches),
          },
        },
        noHandleSignals: true,
        taskList: { [identifier]: async (payload) => void (await handle(numberOf(payload))) },
        parsedCronItems: [],
      })
      return () => runner.stop()
    },
    close: async () => utils.release(),
  }
}

export async function left(url: string): Promise<number> {
  const { rows } = await connected(url, (client) =>
    client.query<{ readonly left: number }>(
      'select count(*)::integer as left from graphile_worker._private_jobs',
    ),
  )
  return rows[0]?.left ?? 0
}

const queueOf = ({ key }: Task) => (key === null ? {} : { queueName: key })

const specOf = (task: Task) => ({ identifier, payload: payloadOf(task.n), ...queueOf(task) })
