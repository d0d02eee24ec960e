import assert from 'node:assert/strict'
import { appendNow, queuedEvent } from '../hand-made.ts'
import type { Bench } from './bench.ts'

/** What is kept for processes that start later. */
export function snapshotContract({ it, store, other }: Bench): void {
  it('gives back the newest snapshot that is no newer than asked, as it was put', async (queue) => {
    await appendNow(
      store(),
      queue,
      Array.from({ length: 9 }, (_, i) => queuedEvent(`job-${i}`)),
    )
    assert.equal(await store().snapshot(queue, null), null)
    const state = { shape: 1, plain: { text: 'ü"\\', number: 1.5, none: null }, list: [1, [2, 'three']] }
    await store().putSnapshot(queue, { seq: 4, state })
    await other().putSnapshot(queue, { seq: 7, state: { shape: 2 } })
    await other().putSnapshot(queue, { seq: 7, state: { shape: 3 } })
    const found = async (upTo: number | null) => {
      const kept = await store().snapshot(queue, upTo)
      return kept === null ? null : [kept.seq, kept.state]
    }
    assert.deepEqual(await found(null), [7, { shape: 2 }])
    assert.deepEqual(await found(7), [7, { shape: 2 }])
    assert.deepEqual(await found(6), [4, state])
    assert.equal(await found(3), null)
    assert.equal(await other().snapshot(`${queue}-other`, null), null)
  })

  it('keeps the newest four', async (queue) => {
    await appendNow(
      store(),
      queue,
      Array.from({ length: 9 }, (_, i) => queuedEvent(`job-${i}`)),
    )
    for (const seq of [3, 1, 9, 5, 7, 2]) await store().putSnapshot(queue, { seq, state: { seq } })
    assert.equal((await store().snapshot(queue, 4))?.seq, 3)
    assert.equal(await store().snapshot(queue, 2), null)
  })

  it('takes none of what the log has not reached', async (queue) => {
    await appendNow(store(), queue, [queuedEvent('a')])
    for (const seq of [0, 2, -1]) {
      await assert.rejects(store().putSnapshot(queue, { seq, state: {} }), { code: 'invalid_input' })
    }
  })
}
