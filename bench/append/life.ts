import type { Coordinator } from '../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../src/engine/store/index.ts'
import { type Context, type Goal, type Row, sample, sized } from '../frame/bench.ts'
import { stopwatch } from '../frame/stopwatch.ts'
import { coordinated, enqueueAll, jobsOn } from '../jobs.ts'
import { drain } from './drain.ts'
import { queueName } from './subject.ts'

const WIDE = 1_000
const NARROW = 10

/**
 * The best peers on such a machine, in jobs/s: graphile-worker 383 and pg-boss 535 with one process keep
 * order per key, pg-boss `singleton` 1,321 does not.
 */
export const strictGoal = { one: 15 * 535, two: 15 * 498 } as const

/** Jobs per second of one process. */
export async function lifeRows(context: Context, store: LogStore, most = 8_000): Promise<readonly Row[]> {
  const count = sized(context, most, 60)
  const rows: Row[] = []
  const measure = async (
    what: string,
    work: (coordinator: Coordinator) => Promise<number>,
    goal?: Goal,
  ): Promise<void> => {
    const { rate, cpu } = await sample(context, what, () =>
      coordinated(store, queueName('life'), async (coordinator) => {
        const taken = stopwatch()
        const rate = await work(coordinator)
        return { rate, cpu: (taken().cpuMs * 1_000) / count }
      }),
    )
    rows.push(
      { what, unit: 'jobs/s', samples: rate, goal },
      { what: 'time of the thread, with what was made ready for it', unit: 'µs a job', samples: cpu },
    )
  }
  for (const slots of [10, 64]) {
    const goal = slots === 64 ? { least: 10_000 } : undefined
    await measure(
      `whole life, no conflicts, ${slots} at a time, one job a call`,
      (it) => live(it, slots, count),
      goal,
    )
    await measure(
      `whole life, no conflicts, ${slots} at a time, 100 jobs a call`,
      (it) => pass(it, slots, count),
      goal,
    )
  }
  for (const slots of [10, 64]) {
    const goal = { least: 15_000 }
    await measure(
      `drain, no conflicts, ${slots} at a time`,
      (it) => emptied(it, WIDE, slots, count),
      slots === 64 ? goal : undefined,
    )
  }
  await measure(
    `drain, ${NARROW} models in strict order, 10 at a time`,
    (it) => emptied(it, NARROW, 10, count),
    { least: strictGoal.one },
  )
  return rows
}

/** Each slot enqueues a job, claims one and ends it, one call after the other: three round trips a job. */
async function live(coordinator: Coordinator, slots: number, count: number): Promise<number> {
  const jobs = jobsOn(WIDE, count)[Symbol.iterator]()
  const from = performance.now()
  const slot = async () => {
    for (const job of jobs) {
      await coordinator.enqueue([job])
      const [started] = await coordinator.claim({ max: 1, kinds: null })
      if (started !== undefined) await coordinator.complete(started.lease)
    }
  }
  await Promise.all(Array.from({ length: slots }, slot))
  return perSecond(count, from)
}

/** A producer enqueues a hundred at a time while the slots run what is there: all in one process. */
async function pass(coordinator: Coordinator, slots: number, count: number): Promise<number> {
  const jobs = jobsOn(WIDE, count)
  const from = performance.now()
  const producing = (async () => {
    for (let at = 100; at < jobs.length; at += 100) await coordinator.enqueue(jobs.slice(at, at + 100))
  })()
  await coordinator.enqueue(jobs.slice(0, 100))
  let ended = 0
  while (ended < count) ended += (await drain(coordinator, slots)).ended
  await producing
  return perSecond(count, from)
}

async function emptied(
  coordinator: Coordinator,
  models: number,
  slots: number,
  count: number,
): Promise<number> {
  await enqueueAll(coordinator, jobsOn(models, count))
  const { ended, elapsedMs } = await drain(coordinator, slots)
  return (ended * 1_000) / elapsedMs
}

const perSecond = (count: number, from: number): number => (count * 1_000) / (performance.now() - from)
