/** Who follows events is not led from one log into another. */
import { expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { followEvents } from '../../../src/tools/history/index.ts'

async function aLog(jobs: number) {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(() => coordinator.close())
  await coordinator.enqueue(Array.from({ length: jobs }, (_, i) => ({ jobId: `job-${i}`, models: ['m'] })))
  return { store, version: (await store.read('default', 0, 1)).version }
}

it.each([
  ['is longer', 9],
  ['is shorter', 2],
])('followEvents ends with log_went_back where a backup was restored, and the log %s', async (_, jobs) => {
  const [lost, restored] = [await aLog(5), await aLog(jobs)]
  let isRestored = false
  let wake = () => {}
  const read: LogStore['read'] = (...given) => (isRestored ? restored : lost).store.read(...given)
  const listen: LogStore['listen'] = async (_, onWake) => {
    wake = () => onWake({ type: 'missed' })
    return async () => {}
  }
  const store: LogStore = { ...lost.store, read, listen }
  const events = followEvents({ store })
  for (let seq = 1; seq <= lost.version; seq++) expect(await events.next()).toMatchObject({ value: { seq } })
  const next = events.next()
  isRestored = true
  wake()
  await expect(next).rejects.toMatchObject({ code: 'log_went_back' })
})
