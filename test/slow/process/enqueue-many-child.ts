/**
 * A process that enqueues a thousand jobs in one call: `node enqueue-many-child.ts <url> <step>`. Their payloads are sent ahead in pieces, then
 * the call is committed, and its jobs come into line in parts. Before it takes that step (`piece 1`, `commit 0`) it stops and says so; then it is
 * killed.
 */
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'

const [url = '', at = ''] = process.argv.slice(2)
const store = postgresStore(url)
const taken = new Map<string, number>()

async function step(name: string): Promise<void> {
  const count = taken.get(name) ?? 0
  taken.set(name, count + 1)
  if (`${name} ${count}` !== at) return
  process.send?.(at)
  await new Promise<never>(() => {})
}

const coordinator = await createCoordinator({
  logger: silentLogger,
  store: {
    ...store,
    stage: async (...args) => {
      await step('piece')
      return store.stage(...args)
    },
    submitCall: async (...args) => {
      await step('commit')
      const answer = await store.submitCall(...args)
      await step('committed')
      return answer
    },
    append: async (request) => {
      if (!request.events.some((event) => event.type === 'queued')) return store.append(request)
      await step('part')
      const answer = await store.append(request)
      await step('answer')
      return answer
    },
  },
})
const jobs = Array.from({ length: 1_000 }, (_, n) => ({
  ...{ jobId: `job-${n}`, models: [] },
  payload: { n, prompt: 'x'.repeat(600) },
}))
const { queued } = await coordinator.enqueue(jobs, { requestId: 'import-7' })
process.send?.(`done ${queued}`)
