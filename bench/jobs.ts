import { type Coordinator, createCoordinator, silentLogger } from '../src/engine/coordinator/index.ts'
import type { EnqueueInput } from '../src/engine/events/index.ts'
import type { LogStore } from '../src/engine/store/index.ts'

/** So many jobs of one model each, spread evenly. */
export function jobsOn(models: number, count: number, prefix = 'job'): readonly EnqueueInput[] {
  return Array.from({ length: count }, (_, i) => ({
    jobId: `${prefix}-${i}`,
    models: [`model-${i % models}`],
  }))
}

/** Enqueues them in batches of 1,000, as a program with many jobs does. */
export async function enqueueAll(coordinator: Coordinator, jobs: readonly EnqueueInput[]): Promise<void> {
  for (let from = 0; from < jobs.length; from += 1_000)
    await coordinator.enqueue(jobs.slice(from, from + 1_000))
}

/** A silent coordinator of a queue whose jobs run by model, closed after the work. */
export async function coordinated<Out>(
  store: LogStore,
  queue: string,
  work: (coordinator: Coordinator) => Promise<Out>,
): Promise<Out> {
  const coordinator = await createCoordinator({ store, queue, logger: silentLogger })
  try {
    await coordinator.setPolicy('by-model')
    return await work(coordinator)
  } finally {
    await coordinator.close()
  }
}
