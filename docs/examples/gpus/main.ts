/** A worker with three cards: each job says how much memory it needs, and is told on which card it runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator, createJobWorker } from 'interlock-queue'
import { pgliteStore } from 'interlock-queue/pglite'

const store = pgliteStore('./.interlock')
const coordinator = await createCoordinator({ store })
await coordinator.setPolicy({
  maxActive: null,
  capacity: { 'flux-dev': ['host1:0', 'host1:1', 'host1:2'] },
  units: { 'host1:0': { vram: 24 }, 'host1:1': { vram: 24 }, 'host1:2': { vram: 48 } },
})

const worker = createJobWorker({
  coordinator,
  concurrency: 8,
  serves: ['host1:*'],
  handlers: {
    draw: async ({ jobId, places }) => {
      const place = places['flux-dev'] ?? ''
      console.log(`${jobId} runs on card ${place.split(':')[1]}`)
      await sleep(200) // in its place: a child process with CUDA_VISIBLE_DEVICES set to that number
    },
  },
})

const needs = { poster: 40, portrait: 12, sketch: 8, banner: 40 }
await coordinator.enqueue(
  Object.entries(needs).map(([jobId, vram]) => ({
    jobId,
    kind: 'draw',
    models: ['flux-dev'],
    asks: { 'flux-dev': { vram } },
  })),
)
console.log('banner waits:', (await coordinator.explain('banner'))?.reason)
worker.start()
while (coordinator.metrics().ended.completed < 4) await sleep(10)

await worker.drain()
await coordinator.close()
await store.close()
