import { expect, it } from 'vitest'
import { Retention } from '../../../src/engine/coordinator/maintenance/retention.ts'
import { emptyLedger } from '../../../src/engine/core/index.ts'
import { memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { join, memoryStore } from './support.ts'

const DAY = 86_400 * 1_000_000

it('archives what is older than the policy says, and keeps it readable', async () => {
  const store = memoryStore(memoryDatabase())
  const coordinator = await join({ store })
  await coordinator.enqueue([1, 2, 3].map((n) => ({ jobId: `job-${n}`, models: ['m'] })))
  const { version } = coordinator.state()
  const errors: unknown[] = []
  const after = (days: number, retentionDays: number | null) => {
    const ledger = { ...emptyLedger, policy: { ...emptyLedger.policy, retentionDays } }
    const now = () => coordinator.now() + days * DAY
    return new Retention({
      store,
      queue: 'default',
      ledger: () => ledger,
      now,
      failures: { note: (error) => errors.push(error) },
    })
  }
  expect(await after(400, null).carryOut()).toBe(0)
  expect(await after(29, 30).carryOut()).toBe(0)
  expect(await after(31, 30).carryOut()).toBe(version)
  expect(await after(31, 30).carryOut()).toBe(0)
  expect((await store.read('default', 0, 100)).events).toHaveLength(version)
  await coordinator.cancel('job-2')
  expect(coordinator.state().waitingCount).toBe(2)
  expect(errors).toEqual([])
})

it('is 30 days unless the policy says otherwise, and refuses what is not a number of days', async () => {
  const coordinator = await join()
  expect(coordinator.state().policy.retentionDays).toBe(30)
  await coordinator.setPolicy({ retentionDays: null })
  expect(coordinator.state().policy.retentionDays).toBeNull()
  for (const retentionDays of [0, 1.5, -1]) {
    await expect(coordinator.setPolicy({ retentionDays })).rejects.toMatchObject({ code: 'invalid_input' })
  }
})
