import { sized } from '../frame/bench.ts'
import { peerNamed } from '../peers/all.ts'
import type { Means } from '../peers/cell.ts'
import { drained } from '../peers/cells/drain.ts'
import { handOff } from '../peers/cells/hand-off.ts'
import type { Peer, Task } from '../peers/peer.ts'
import { keyNames, tasksOn } from '../peers/tasks.ts'
import { loadLog } from '../replay/load.ts'

/** Something of a queue that grows, and what a job costs at each of its sizes. */
export interface Dimension {
  readonly what: string
  readonly sizes: readonly number[]
  /** The cost may grow with this power of the size at most. */
  readonly most: number
  /** Milliseconds per job, through our worker. */
  cost(means: Means, size: number): Promise<number>
}

const worker = peerNamed('interlock')
const size = { count: 3_000, mostMs: 3_000 }
/** Done in time by each size. Where a line is not emptied, what comes before its first handler counts too, and it is no hand-off. */
const ofMany = { count: 1_000, mostMs: 30_000 }

async function perJob(
  { context, ground }: Means,
  keys: readonly string[],
  processes: number,
  make: (count: number, from: number) => readonly Task[],
  peer: Peer = worker,
  line = size,
): Promise<number> {
  const { rate } = await drained(peer, { context, ground }, keys, processes, make, line)
  return 1_000 / rate
}

/** A worker whose queue has a log of so many events before it begins. */
const afterLog = (events: number): Peer => ({
  ...worker,
  pack: `log-${events}`,
  migrate: async (url) => {
    await worker.migrate(url)
    await loadLog(url, 'past', { events, waiting: 100 })
  },
})

/** Each job needs so many models that no other job needs. */
const ofModels = (models: number) => (count: number, from: number) =>
  Array.from({ length: count }, (_, i) => ({
    n: from + i,
    key: `model-${from + i}`,
    models: Array.from({ length: models }, (_, m) => `model-${from + i}-${m}`),
  }))

export const dimensions: readonly Dimension[] = [
  {
    what: 'jobs in line behind it',
    sizes: [100, 1_000, 10_000, 100_000],
    most: 0.1,
    cost: async (means, waiting) => (await handOff(worker, means, 10, sized(means.context, waiting, 50))).p50,
  },
  {
    what: 'models in all',
    sizes: [10, 100, 1_000, 10_000],
    most: 0.25,
    cost: (means, models) => {
      const keys = keyNames(sized(means.context, models, 10))
      return perJob(means, keys, 1, (count, from) => tasksOn(keys, count, from))
    },
  },
  {
    what: 'models per job',
    sizes: [1, 4, 16, 64],
    most: 1,
    cost: (means, models) => perJob(means, [], 1, ofModels(models), worker, ofMany),
  },
  {
    what: 'events in the log',
    sizes: [10_000, 100_000, 1_000_000],
    most: 0.1,
    cost: (means, events) => {
      const peer = afterLog(sized(means.context, events, 1_000))
      return perJob(means, [], 1, (count, from) => tasksOn([], count, from), peer)
    },
  },
  {
    what: 'worker processes',
    sizes: [1, 2, 4, 8],
    most: 1,
    cost: (means, processes) =>
      perJob(means, [], sized(means.context, processes, 1), (count, from) => tasksOn([], count, from)),
  },
]
