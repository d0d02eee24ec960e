/** The id of a command names one command for ever, also when its answer is deleted. */
import { expect, it } from 'vitest'
import type { Json } from '../../../src/engine/core/index.ts'
import { memoryRequest } from '../../../src/engine/store/memory/inbox.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { join } from './support.ts'

it('refuses the id of a command for another one, once its answer is deleted (command_reused)', async () => {
  const database = memoryDatabase()
  const coordinator = await join({ store: memoryStore(database) })
  const inbox = database.queues.get('default')?.inbox
  const answerTo = async (jobId: string): Promise<Json | undefined> => {
    const command = { type: 'enqueue', jobs: [{ job_id: jobId, models: ['m'] }] }
    memoryRequest(database, command, 'default', 'once')
    await expect.poll(() => inbox?.get('once')?.answer).not.toBe(null)
    return inbox?.get('once')?.answer
  }
  expect(await answerTo('a')).toMatchObject({ ok: true })
  inbox?.delete('once')
  expect(await answerTo('b')).toMatchObject({ ok: false, code: 'command_reused' })
  expect(coordinator.state().waitingCount).toBe(1)
})
