import { setTimeout as delay } from 'node:timers/promises'
import { fromKnex, PgBoss } from 'pg-boss'
import type { Handle, Session, Setting, Task } from '../peer.ts'
import { numberOf, payloadOf } from '../tasks.ts'

/** `work`: its own workers. `fetch`: a loop of the program's own in each slot. */
export type Way = 'work' | 'fetch'
type Policy = 'standard' | 'key_strict_fifo' | 'singleton'

/** How long a slot of a loop of our own rests when there was nothing. */
const IDLE_MS = 10

/** As often as it lets its workers look. */
const POLL_S = 0.5

export async function migrate(url: string): Promise<void> {
  const boss = await started(url, 10)
  for (const policy of ['standard', 'key_strict_fifo', 'singleton'] satisfies Policy[])
    await boss.createQueue(policy, { policy, notify: true })
  await boss.stop({ graceful: false })
}

/** @param keyed the policy of jobs with keys; `singleton` keeps no order */
export async function connect(setting: Setting, way: Way, keyed: Policy): Promise<Session> {
  const { url, slots, keys } = setting
  const boss = await started(url, Math.max(10, slots))
  const queue = keys.length === 0 ? 'standard' : keyed
  return {
    enqueue: (tasks) => {
      const [first] = tasks
      if (first === undefined || tasks.length > 1) return boss.insert(queue, tasks.map(insertOf))
      return boss.send(queue, payloadOf(first.n), optionsOf(first))
    },
    enqueueIn: (transaction, { n }) => boss.send(queue, payloadOf(n), { db: fromKnex(transaction) }),
    work: (handle) =>
      way === 'work' ? work(boss, queue, setting, handle) : fetchAll(boss, queue, slots, handle),
    close: () => boss.stop({ graceful: false }),
  }
}

/** Batches that take all slots, and the next at once while they are full: one unless their size is given. */
async function work(boss: PgBoss, queue: string, { slots, many }: Setting, handle: Handle) {
  const batchSize = many?.batch ?? slots
  await boss.work<object>(
    queue,
    {
      batchSize,
      localConcurrency: slots / batchSize,
      burstWhenBatchFull: batchSize > 1,
      pollingIntervalSeconds: POLL_S,
      notifyPollingIntervalSeconds: POLL_S,
      perJobResults: true,
    },
    (jobs) =>
      Promise.all(
        jobs.map(async ({ id, data }) => {
          const output = await handle(numberOf(data))
          return { id, status: 'completed' as const, output }
        }),
      ),
  )
  return () => boss.offWork(queue, { wait: true })
}

async function fetchAll(boss: PgBoss, queue: string, slots: number, handle: Handle) {
  let stopped = false
  const slot = async () => {
    while (!stopped) {
      const [job] = await boss.fetch<object>(queue)
      if (job === undefined) await delay(IDLE_MS)
      else await boss.complete(queue, job.id, await handle(numberOf(job.data)))
    }
  }
  const slotsDone = Promise.all(Array.from({ length: slots }, slot))
  slotsDone.catch(() => {})
  return () => {
    stopped = true
    return slotsDone
  }
}

async function started(url: string, max: number): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: url, max, useListenNotify: true })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  return boss
}

const optionsOf = ({ key }: Task) => (key === null ? {} : { singletonKey: key })

const insertOf = (task: Task) => ({ data: payloadOf(task.n), ...optionsOf(task) })
