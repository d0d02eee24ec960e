import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { loadHandlers } from '../../src/cli/worker/load-handlers.ts'
import { createCoordinator, silentLogger } from '../../src/coordinator/index.ts'
import { createJobWorker } from '../../src/worker/index.ts'
import { memoryStore } from '../coordinator/support.ts'
import { interlock } from './support.ts'

async function fileOf(code: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-handlers-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'handlers.mjs')
  await writeFile(file, `export default ${code}`)
  return file
}

it.each([
  ['{ handlers: { a: () => 1 }, concurency: 2 }', 'unknown field "concurency" (did you mean concurrency?)'],
  ['{ handlers: { a: () => 1 }, leasMs: 2 }', 'unknown field "leasMs" (did you mean leaseMs?)'],
  ['{ handlers: { a: () => 1 }, concurrency: 0 }', 'concurrency: must be a whole number from 1'],
  ['5', 'has no default export with handlers'],
])('a file that exports %s is refused', async (code, message) => {
  await expect(loadHandlers(await fileOf(code))).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(message),
  })
})

it('a handler file with an option in the place of a handler is refused', async () => {
  const { handlers } = await loadHandlers(await fileOf('{ normal: () => 1, concurrency: 2 }'))
  const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
  onTestFinished(() => coordinator.close())
  expect(() => createJobWorker({ coordinator, handlers })).toThrow(
    'handlers["concurrency"]: must be a function',
  )
})

it('interlock enqueue says what happens to a job without models', async () => {
  const { code, stderr } = await interlock(['enqueue', '--url', 'memory:', '--job', 'x'])
  expect(code).toBe(0)
  expect(stderr).toContain('job x names no models (--models "flux-dev;upscale"): it waits for none')
})
