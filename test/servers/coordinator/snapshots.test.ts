import { describe, expect, it } from 'vitest'
import { stepOf } from '../../../src/engine/coordinator/maintenance/maintenance.ts'
import { ledgerNear } from '../../../src/engine/coordinator/replica/snapshots.ts'
import { replay } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { contentsOf } from '../../support/contents.ts'
import { join, memoryStore } from './support.ts'

const jobs = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ jobId: `job-${from + i}`, models: [`m${i % 5}`] }))

/** A store that notes from where the log is read. */
function watched(store: LogStore): { readonly store: LogStore; readonly reads: number[] } {
  const reads: number[] = []
  return {
    reads,
    store: {
      ...store,
      read: (queue, after, limit) => {
        reads.push(after)
        return store.read(queue, after, limit)
      },
    },
  }
}

describe('snapshots', () => {
  it('are made by the process that appends the round number, and the next process starts from them', async () => {
    const database = memoryDatabase()
    const first = await join({ store: memoryStore(database), snapshotEvery: 100 })
    await first.setPolicy({ maxActive: null, maxOvertakes: 2 })
    for (let i = 0; i < 30; i++) await first.enqueue(jobs(i * 5, 5))
    await first.claim({ max: 3, kinds: null })
    await first.close()
    const store = memoryStore(database)
    const kept = await store.snapshot('default', null)
    expect(kept?.seq).toBeGreaterThanOrEqual(200)
    const { events } = await store.read('default', 0, 10_000)
    const folded = replay(events.slice(0, kept?.seq))
    const near = await ledgerNear(store, 'default', null, () => {})
    expect(contentsOf(near)).toEqual(contentsOf(folded))

    const { store: second, reads } = watched(memoryStore(database))
    const later = await join({ store: second })
    // And its last event again: that it is of this log.
    expect(reads[0]).toBe((kept?.seq ?? 0) - 1)
    // What the first one ran when it left is in line again.
    expect(later.state()).toMatchObject({ version: events.length + 6, activeCount: 0, waitingCount: 150 })
    await later.enqueue(jobs(1_000, 1))
    const [view, whole] = [later.state(), replay((await store.read('default', 0, 10_000)).events)]
    expect(view).toMatchObject({ version: whole.version, waitingCount: 151 })
    expect((await later.explain('job-1000'))?.position).toBe(150)
  })

  it('are made at every round number, and at no other', async () => {
    const database = memoryDatabase()
    const store = memoryStore(database)
    const made: number[] = []
    const noting: LogStore = {
      ...store,
      putSnapshot: async (queue, snapshot) => {
        made.push(snapshot.seq)
        return store.putSnapshot(queue, snapshot)
      },
    }
    const coordinator = await join({ store: noting, snapshotEvery: 100 })
    await coordinator.setPolicy('by-model')
    const { version: first } = coordinator.state()
    for (let n = 0; coordinator.state().version < 500; n++) {
      const before = Math.floor(coordinator.state().version / 100)
      await coordinator.enqueue([{ jobId: `job-${n}`, models: [`m${n}`] }])
      const rounds = Math.floor(coordinator.state().version / 100) - before
      if (rounds > 0) await expect.poll(() => made.length).toBe(before + rounds)
    }
    expect(first).toBeLessThan(100)
    expect(made.map((seq) => Math.floor(seq / 100))).toEqual([1, 2, 3, 4, 5])
  })

  it('that cannot be read, or are of another shape, are passed over: the log is folded', async () => {
    for (const state of [{ shape: 1, plain: {} }, { shape: 99 }]) {
      const database = memoryDatabase()
      const store = memoryStore(database)
      const coordinator = await join({ store })
      await coordinator.enqueue(jobs(0, 3))
      await store.putSnapshot('default', { seq: 2, state })
      const later = await join({ store: memoryStore(database) })
      expect(later.state()).toMatchObject({ waitingCount: 3, version: coordinator.state().version })
    }
  })

  it.each([
    [1_000, 50_000],
    [400_000, 50_000],
    [400_001, 100_000],
    [1_000_000, 200_000],
  ])('with %i live jobs are made every %i events: what one costs grows with them', (jobs, step) => {
    expect(stepOf(50_000, jobs)).toBe(step)
  })

  it.each([99, 0, 1.5, Number.NaN])('every %j events is refused', async (snapshotEvery) => {
    await expect(join({ snapshotEvery })).rejects.toMatchObject({ code: 'invalid_input' })
  })
})
