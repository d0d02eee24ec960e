/** A logger of the program's own may throw, reject, or lack a method: it stops nothing. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { createCoordinator, type Logger } from '../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'

const throwing = () => {
  throw new Error('disk full')
}
const rejecting = () => Promise.reject(new Error('disk full'))

it.each<readonly [string, object]>([
  ['throws', { info: throwing, warn: throwing, error: throwing }],
  ['rejects', { info: rejecting, warn: rejecting, error: rejecting }],
  ['has no methods', {}],
])('a job runs and ends with a logger that %s, which is said once', async (_, logger) => {
  const said: string[] = []
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  onTestFinished(() => write.mockRestore())
  const coordinator = await createCoordinator({ store: memoryStore(), logger: logger as Logger })
  const ran = Promise.withResolvers<string>()
  const worker = createJobWorker({
    coordinator,
    handlers: {
      normal: ({ jobId }) => {
        if (jobId === 'bad') throw new Error('of the handler')
        ran.resolve(jobId)
      },
    },
  })
  worker.start()
  await coordinator.enqueue([
    { jobId: 'bad', models: ['m'], attempts: 1 },
    { jobId: 'good', models: ['m'] },
  ])
  expect(await ran.promise).toBe('good')
  expect(await worker.drain()).toMatchObject({ givenBack: 0 })
  const answer = await coordinator.onJobStart('gate', 'normal', ['m'])
  expect(answer.allowed).toBe(true)
  await coordinator.onJobComplete('gate', 'normal')
  await coordinator.close()
  expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 0 })
  expect(said.filter((line) => line.includes('The logger fails'))).toHaveLength(1)
})
