/** A provider that counts tokens and answers 429: no job is lost, no attempt is spent, and nobody calls it meanwhile. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator, createJobWorker, providerError } from 'interlock-queue'
import { pgliteStore } from 'interlock-queue/pglite'

/** Stands for the provider: it is busy at the first call. */
let calls = 0
const provider = createServer((_, response) => {
  calls++
  if (calls === 1) return response.writeHead(429, { 'retry-after': '1' }).end()
  return response.end(JSON.stringify({ text: 'a caption', tokens: 300 }))
}).listen(0, '127.0.0.1')
const address = () => `http://127.0.0.1:${(provider.address() as AddressInfo).port}`

const store = pgliteStore('./.interlock')
const coordinator = await createCoordinator({ store })
await coordinator.setPolicy({
  maxActive: null,
  capacity: { 'gpt-5': 10 },
  uses: { tokens: { limit: 900, perSeconds: 1 } },
})

const worker = createJobWorker({
  coordinator,
  concurrency: 1,
  handlers: {
    caption: async ({ jobId, attempt }, { used }) => {
      const response = await fetch(address())
      if (!response.ok) {
        console.log(`${jobId}: the provider answers ${response.status}`)
        throw providerError(response, { model: 'gpt-5' })
      }
      const { tokens } = (await response.json()) as { tokens: number }
      used({ tokens })
      console.log(`${jobId}: done in attempt ${attempt}, with ${tokens} tokens`)
    },
  },
})

const caption = (jobId: string) => ({ jobId, kind: 'caption', models: ['gpt-5'], uses: { tokens: 400 } })
await coordinator.enqueue(['fox', 'owl', 'elk'].map(caption))
console.log('elk waits:', (await coordinator.explain('elk'))?.reason)
worker.start()
while (coordinator.metrics().ended.completed < 3) await sleep(10)

await worker.drain()
await coordinator.close()
await store.close()
provider.close()
