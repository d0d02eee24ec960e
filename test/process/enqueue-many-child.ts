/**
 * A process that enqueues a thousand jobs in one call: `node enqueue-many-child.ts <url> <step>`. Their payloads are sent ahead in parts.
 * Before it takes the step of that number it stops and says so; then it is killed. Steps: each part, the append, and its answer.
 */
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'

const [url = '', at = ''] = process.argv.slice(2)
const store = postgresStore(url)
let steps = 0

async function step(name: string): Promise<void> {
  if (steps++ !== Number(at)) return
  process.send?.(name)
  await new Promise<never>(() => {})
}

const coordinator = await createCoordinator({
  logger: silentLogger,
  store: {
    ...store,
    stage: async (...args) => {
      await step('part')
      return store.stage(...args)
    },
    append: async (request) => {
      if (request.events.length < 1_000) return store.append(request)
      await step('append')
      const answer = await store.append(request)
      await step('answer')
      return answer
    },
  },
})
const jobs = Array.from({ length: 1_000 }, (_, n) => ({
  ...{ jobId: `job-${n}`, models: [] },
  payload: { n, prompt: 'x'.repeat(1_000) },
}))
await coordinator.enqueue(jobs)
process.send?.('done')
