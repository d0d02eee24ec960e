import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { Started } from '../../../src/engine/core/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { migratedDatabase } from '../contract/support.ts'
import { backUp, restore } from './backup.ts'

describe('a backup that is restored under four workers', () => {
  it('stops them with a typed error; recover voids their tokens and lists the jobs in doubt', async () => {
    const url = await migratedDatabase()
    const stores = [1, 2, 3, 4].map(() => postgresStore(url))
    const open = (store: (typeof stores)[number]) =>
      createCoordinator({ store, logger: silentLogger, leaseMs: 60_000, pollMs: 60_000, patienceMs: 5_000 })
    const workers = await Promise.all(stores.map(open))
    const [first] = workers as [(typeof workers)[number]]
    await first.setPolicy('by-model')
    await first.enqueue(Array.from({ length: 12 }, (_, i) => ({ jobId: `job-${i}`, models: [`m${i}`] })))
    const take = async (index: number): Promise<Started> => {
      const [job] = (await workers[index]?.claim({ max: 1, kinds: null })) ?? []
      if (job === undefined) throw new Error('there was no job')
      return job
    }
    const early = await Promise.all([0, 1, 2, 3].map(take))
    await backUp(url)
    // What the backup does not have: ends, and starts under tokens that will be given again.
    await workers[0]?.complete((early[0] as Started).lease)
    const late = await Promise.all([0, 1, 2, 3].map(take))
    for (const worker of workers) await worker.catchUp()
    await restore(url)

    const stops: string[] = []
    for (const { stopped$ } of workers) stopped$.subscribe(({ code }) => stops.push(code))
    for (const [index, worker] of workers.entries()) {
      const { lease } = late[index] as Started
      await expect(worker.complete(lease)).rejects.toMatchObject({ code: 'log_went_back' })
      await worker.catchUp()
      expect(worker.health()).toMatchObject({ ok: false })
      expect(worker.health().lastError).toContain('a backup was restored')
    }
    expect(stops).toEqual(workers.map(() => 'log_went_back'))

    const last = postgresStore(url)
    const again = await open(last)
    // Each of them held the queue, and only the first began an epoch.
    await expect
      .poll(async () => {
        await again.catchUp()
        return again.state()
      })
      .toMatchObject({ epoch: 2, status: 'draining', activeCount: 4 })
    for (const worker of workers) await worker.close()
    await again.catchUp()
    expect(again.state()).toMatchObject({ epoch: 2, version: expect.any(Number) })
    // Those of before still speak to the database as it is now, under tokens of before.
    for (const { lease } of [...early, ...late]) {
      await expect(again.complete(lease)).rejects.toMatchObject({
        code: expect.stringMatching(/^(stale_token|job_not_active)$/),
      })
    }
    const doubtful = again.state().active()
    const ids = (jobs: readonly { readonly jobId: string }[]) => jobs.map(({ jobId }) => jobId).toSorted()
    expect(ids(doubtful)).toEqual(ids(early.map(({ lease }) => lease)))
    const [a, b, c, d] = doubtful.map(({ jobId, fencingToken }) => ({ jobId, fencingToken, epoch: 2 }))
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('four were active')
    await again.complete(a)
    await again.release(b, 'drained')
    await again.fail(c, { retryAt: null })
    await again.complete(d)
    await again.resume()
    // No token of the new epoch is taken for one of the old, though their numbers meet.
    const given = await again.claim({ max: 20, kinds: null })
    const olds = new Map(late.map(({ lease }) => [lease.jobId, lease]))
    for (const { lease } of given) {
      const old = olds.get(lease.jobId)
      if (old !== undefined) await expect(again.complete(old)).rejects.toMatchObject({ code: 'stale_token' })
      await again.complete(lease)
    }
    const { events } = await last.read('default', 0, 10_000)
    expect(audit(events).violations).toEqual([])
    await again.close()
    for (const store of [...stores, last]) await store.close()
  })

  it('is noticed by a process that heard nothing, even when others have gone further by then', async () => {
    const url = await migratedDatabase()
    const store = postgresStore(url)
    const options = { logger: silentLogger, pollMs: 60_000 }
    const deaf = { ...store, listen: async () => async () => {} }
    const late = await createCoordinator({ ...options, store: deaf })
    await backUp(url)
    await late.enqueue([{ jobId: 'a', models: ['m'] }])
    await restore(url)
    const other = await createCoordinator({ ...options, store })
    await other.enqueue(['b', 'c', 'd'].map((jobId) => ({ jobId, models: ['m'] })))
    await late.catchUp()
    expect(late.health().lastError).toContain('a backup was restored')
    await expect(late.enqueue([{ jobId: 'e', models: ['m'] }])).rejects.toMatchObject({
      code: 'log_went_back',
    })
    await late.close()
    await other.catchUp()
    expect(other.state()).toMatchObject({ epoch: 2, status: 'draining', waitingCount: 3 })
    await other.close()
    await store.close()
  })

  it('expires no job in doubt, although its lease has ended', async () => {
    const url = await migratedDatabase()
    const store = postgresStore(url)
    const join = () => createCoordinator({ store, logger: silentLogger, leaseMs: 60_000, graceMs: 0 })
    const worker = await join()
    await worker.enqueue([{ jobId: 'a', models: ['m'], attempts: 1 }])
    await worker.claim({ max: 1, kinds: null })
    await worker.recover()
    await worker.close()
    const later = await join()
    // A beat names those who are gone; what follows from that is decided before the claim.
    await later.heartbeat({ jobId: 'a', fencingToken: 1, epoch: 2 })
    await later.claim({ max: 1, kinds: null })
    expect(later.state()).toMatchObject({ activeCount: 1, waitingCount: 0 })
    await later.close()
    await store.close()
  })
})
