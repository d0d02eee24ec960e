/** A film of several scenes: each scene is drawn, then animated; the cut waits for all of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoordinator, createJobWorker } from 'interlock-queue'
import { pgliteStore } from 'interlock-queue/pglite'

const store = pgliteStore('./.interlock')
const coordinator = await createCoordinator({ store })
await coordinator.setPolicy('by-model')

const log = (jobId: string) => console.log(jobId)
const worker = createJobWorker({
  coordinator,
  concurrency: 4,
  handlers: {
    draw: ({ jobId }) => log(jobId),
    animate: ({ jobId }) => log(jobId),
    cut: ({ jobId }) => log(jobId),
  },
})

const scenes = ['forest', 'river']
await coordinator.enqueue([
  ...scenes.flatMap((scene) => [
    { jobId: `draw-${scene}`, kind: 'draw', models: ['flux-dev'] },
    { jobId: `animate-${scene}`, kind: 'animate', models: ['motion-2.0'], after: [`draw-${scene}`] },
  ]),
  { jobId: 'cut', kind: 'cut', models: ['editor'], after: scenes.map((scene) => `animate-${scene}`) },
])
console.log('cut waits:', (await coordinator.explain('cut'))?.reason)
worker.start()
while (coordinator.metrics().ended.completed < 5) await sleep(10)

await worker.drain()
await coordinator.close()
await store.close()
