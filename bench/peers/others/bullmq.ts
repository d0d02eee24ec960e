import type { EventEmitter } from 'node:events'
import { createPostgresBackend, type JobsOptions, Queue, runMigrations, Worker } from 'bullmq'
import { connected } from '../../frame/servers.ts'
import type { Handle, Session, Setting, Task } from '../peer.ts'
import { numberOf, payloadOf } from '../tasks.ts'

export async function migrate(url: string): Promise<void> {
  await connected(url, (client) => runMigrations(client))
}

/** The line of all jobs without a key; a key has a line of its own. */
const KEYLESS = 'jobs'

export async function connect(setting: Setting): Promise<Session> {
  const lines = new Map<string, Queue>()
  const lineOf = (key: string) => {
    const known = lines.get(key) ?? queueAt(setting.url, key)
    lines.set(key, known)
    return known
  }
  return {
    enqueue: (tasks) => {
      const [first] = tasks
      if (first !== undefined && tasks.length === 1)
        return lineOf(first.key ?? KEYLESS).add('job', payloadOf(first.n))
      const byKey = Map.groupBy(tasks, ({ key }) => key ?? KEYLESS)
      return Promise.all([...byKey].map(([key, some]) => lineOf(key).addBulk(some.map(jobOf))))
    },
    work: async (handle) => {
      const workers = ownKeys(setting).map((key) => workerAt(setting, key, handle))
      await Promise.all(workers.map((worker) => worker.waitUntilReady()))
      return () => Promise.all(workers.map((worker) => worker.close()))
    },
    close: () => Promise.all([...lines.values()].map((line) => line.close())),
  }
}

/** Keys are dealt out to the processes, since one at a time holds within a worker only. */
function ownKeys({ keys, process, processes }: Setting): readonly string[] {
  return keys.length === 0 ? [KEYLESS] : keys.filter((_, i) => i % processes === process)
}

const isRedis = (url: string) => url.startsWith('redis:')

function redisAt(url: string) {
  const { hostname: host, port } = new URL(url)
  return { host, port: Number(port), maxRetriesPerRequest: null }
}

function queueAt(url: string, name: string): Queue {
  if (isRedis(url)) return quiet(new Queue(name, { connection: redisAt(url) }))
  return quiet(
    new Queue(name, { connection: { connectionString: url } }, createPostgresBackend) as unknown as Queue,
  )
}

function workerAt({ url, slots, keys, many }: Setting, name: string, handle: Handle): Worker {
  const concurrency = keys.length === 0 ? slots : 1
  const run = async (job: { readonly data: unknown }) => handle(numberOf(job.data))
  if (isRedis(url)) return quiet(new Worker(name, run, { concurrency, connection: redisAt(url) }))
  // One for each slot would be more than the server has, with many slots in many processes.
  const max = many === undefined ? Math.max(10, concurrency) : 20
  const connection = { connectionString: url, max }
  return quiet(new Worker(name, run, { concurrency, connection }, createPostgresBackend) as unknown as Worker)
}

/** Connections that are cut when a measurement is over are no news. */
function quiet<Emitter extends EventEmitter>(emitter: Emitter): Emitter {
  emitter.on('error', () => {})
  return emitter
}

const jobOf = ({ n }: Task): { name: string; data: object; opts?: JobsOptions } => ({
  name: 'job',
  data: payloadOf(n),
})
