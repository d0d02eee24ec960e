import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { createMetrics } from '../../../src/tools/prometheus/index.ts'

/** By what each figure of a queue is split beside the queue, as a scrape shows it. */
export async function figureLabels(): Promise<ReadonlyMap<string, readonly string[]>> {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store })
  const metrics = createMetrics({ coordinator, models: ['m'] })
  try {
    await coordinator.setPolicy({ uses: { tokens: { limit: 9, perSeconds: 60 } } })
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], uses: { tokens: 1 } }])
    for (const { lease } of await coordinator.claim({ max: 1, kinds: null }))
      await coordinator.complete(lease)
    let text = metrics.text()
    // What is wrong is known once the store was asked.
    for (; !text.includes('interlock_queue_wrong{'); text = metrics.text()) await sleep(10)
    return new Map(
      [...text.matchAll(/^(\w+)\{([^}]*)\}/gm)].map(([, name = '', labels = '']) => [name, namesIn(labels)]),
    )
  } finally {
    metrics.close()
    await coordinator.close()
    await store.close()
  }
}

const namesIn = (labels: string): readonly string[] =>
  [...labels.matchAll(/(\w+)="/g)]
    .map(([, name = '']) => name)
    .filter((name) => !['queue', 'le'].includes(name))
