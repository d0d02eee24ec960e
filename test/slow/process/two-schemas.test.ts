// Slow, 20 s: two installations of one database at work, and waits for the leases of workers that are killed.
import { expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createCoordinator, silentLogger } from '../../../src/index.ts'
import { examine } from '../../../src/tools/doctor/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { allEnded, attemptsOf, judge, scene, shortLease, startWorker } from '../../servers/process/support.ts'
import { atEnd, eventually } from '../../support/this-test.ts'

const JOBS = 200
const models = ['a', 'b', 'c', 'd']
const jobs = Array.from({ length: JOBS }, (_, n) => ({
  jobId: `job-${n}`,
  models: [models[n % models.length] ?? ''],
  attempts: 100,
  payload: { ms: 60 },
}))

it('two installations in one database, busy with one queue name at the same time, each lose a worker, and no job of either', async () => {
  const usual = await scene()
  const query = async (sql: string, values?: readonly unknown[]) =>
    (await usual.client.query(sql, values && [...values])).rows
  await migrate({ query, exec: async (sql) => void (await query(sql)) }, { schema: 'app' })
  const store = postgresStore(usual.url, { schema: 'app' })
  const coordinator = await createCoordinator({ store, ...shortLease, leaseMs: 6_000, logger: silentLogger })
  atEnd(async () => {
    await coordinator.close()
    await store.close()
  })
  const sides = [
    { store: usual.store, coordinator: usual.coordinator, order: {} },
    { store, coordinator, order: { schema: 'app' } },
  ]
  const started = await Promise.all(
    sides.map(async ({ coordinator, order }) => {
      await coordinator.setPolicy('by-model')
      const workers = await Promise.all([startWorker(usual.url, order), startWorker(usual.url, order)])
      await coordinator.enqueue(jobs)
      return workers
    }),
  )
  const isBusy = (side: (typeof sides)[number], workerIds: readonly string[]) =>
    side.coordinator
      .state()
      .active()
      .some(({ workerId }) => workerId !== null && workerIds.includes(workerId))
  // Of each the worker that is killed has jobs, while both are busy.
  for (const [side, [victim]] of sides.map((side, n) => [side, started[n] ?? []] as const)) {
    await eventually(() => isBusy(side, victim?.workerIds ?? []), { timeout: 30_000 }).toBe(true)
    expect(sides.every(({ coordinator }) => coordinator.state().waitingCount > 0)).toBe(true)
    victim?.child.kill('SIGKILL')
    expect(await victim?.ended).toBe('SIGKILL')
  }
  for (const side of sides) {
    await allEnded(side.coordinator)
    const { events, violations, verified } = await judge(side.store)
    expect(violations).toEqual([])
    expect(verified).toBe(true)
    const { open, ends } = attemptsOf(events)
    expect(open).toEqual([])
    expect(ends).toMatchObject({ completed: JOBS, lease_expired: expect.any(Number) })
    expect((await verify({ store: side.store })).ok).toBe(true)
    const { findings } = await examine({ store: side.store })
    // The server of the tests is allowed to lose what it has.
    expect(findings.filter(({ level, check }) => level === 'problem' && check !== 'fsync')).toEqual([])
  }
})
