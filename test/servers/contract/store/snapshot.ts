import assert from 'node:assert/strict'
import { appendNow, queuedEvent, until } from '../hand-made.ts'
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

  it('shows a snapshot in chunks once all of it is there, and of two at one number the first', async (queue) => {
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b')])
    const put = (maker: string, n: number) =>
      other().putChunk(queue, { seq: 2, maker, n, body: `["${maker}","ü\\\\",${n}]\n[]` })
    const finish = (maker: string, chunks: number) =>
      store().putSnapshot(queue, { seq: 2, state: { shape: 3, maker, chunks } })
    await put('one', 0)
    await put('two', 0)
    await put('one', 1)
    assert.equal(await store().snapshot(queue, null), null)
    assert.equal(await finish('one', 3), 'incomplete')
    assert.equal(await finish('nobody', 1), 'incomplete')
    assert.equal(await store().snapshot(queue, null), null)
    assert.equal(await finish('one', 2), true)
    assert.deepEqual(await other().snapshot(queue, null), {
      seq: 2,
      state: { shape: 3, maker: 'one', chunks: 2 },
    })
    assert.equal(await store().chunk(queue, { seq: 2, maker: 'one', n: 1 }), `["one","ü\\\\",1]\n[]`)
    assert.equal(await store().chunk(queue, { seq: 2, maker: 'one', n: 2 }), null)
    // A process that comes too late leaves nothing; the one whose snapshot it is, and that asks again because the answer was lost, loses nothing.
    assert.equal(await finish('two', 1), false)
    assert.equal(await store().chunk(queue, { seq: 2, maker: 'two', n: 0 }), null)
    assert.equal(await finish('one', 2), false)
    assert.notEqual(await store().chunk(queue, { seq: 2, maker: 'one', n: 0 }), null)
    for (const seq of [0, 3])
      await assert.rejects(store().putChunk(queue, { seq, maker: 'one', n: 0, body: '' }), {
        code: 'invalid_input',
      })
  })

  it('keeps the newest four', async (queue) => {
    await appendNow(
      store(),
      queue,
      Array.from({ length: 9 }, (_, i) => queuedEvent(`job-${i}`)),
    )
    for (const seq of [3, 1, 9, 5, 2, 7]) await store().putSnapshot(queue, { seq, state: { seq } })
    assert.equal((await store().snapshot(queue, 4))?.seq, 3)
    assert.equal(await store().snapshot(queue, 2), null)
  })

  it('takes none of what the log has not reached', async (queue) => {
    await appendNow(store(), queue, [queuedEvent('a')])
    for (const seq of [0, 2, -1]) {
      await assert.rejects(store().putSnapshot(queue, { seq, state: {} }), { code: 'invalid_input' })
    }
  })

  it('archives below a snapshot: what was kept is read as before, what was not is gone', async (queue) => {
    await appendNow(
      store(),
      queue,
      Array.from({ length: 9 }, (_, i) => queuedEvent(`job-${i}`)),
    )
    await assert.rejects(store().archive(queue, 4, true), { code: 'invalid_input' })
    for (const seq of [4, 6]) await store().putSnapshot(queue, { seq, state: {} })
    const seqs = async (after: number) => (await other().read(queue, after, 3)).events.map(({ seq }) => seq)
    const whole = (await store().read(queue, 0, 100)).events
    // Nothing is archived that the user's tables do not follow yet, where there are such tables.
    await store().project(queue, 10_000)
    assert.deepEqual(await store().archive(queue, 4, true), { archivedSeq: 4, archived: 4, unkept: 0 })
    assert.deepEqual(await store().archive(queue, 4, true), { archivedSeq: 4, archived: 0, unkept: 0 })
    assert.deepEqual(
      [await seqs(0), await seqs(4)],
      [
        [1, 2, 3],
        [5, 6, 7],
      ],
    )
    const pages = [...(await other().read(queue, 0, 4)).events, ...(await other().read(queue, 4, 100)).events]
    assert.deepEqual(pages, whole)
    assert.deepEqual(await other().archive(queue, 6, false), { archivedSeq: 6, archived: 2, unkept: 4 })
    assert.deepEqual([await seqs(0), await seqs(5), await seqs(6)], [[], [], [7, 8, 9]])
    const { version, archivedSeq } = await store().read(queue, 0, 1)
    assert.deepEqual([version, archivedSeq], [9, 6])
    // The log goes on, and the snapshot at the cut outlives newer ones.
    await appendNow(
      other(),
      queue,
      Array.from({ length: 5 }, (_, i) => queuedEvent(`more-${i}`)),
    )
    for (const seq of [8, 9, 10, 11, 12]) await store().putSnapshot(queue, { seq, state: {} })
    assert.equal((await store().snapshot(queue, 6))?.seq, 6)
  })

  it('is cut up to a time by one process at a time, which makes the snapshot for it', async (queue) => {
    await appendNow(
      store(),
      queue,
      Array.from({ length: 4 }, (_, i) => queuedEvent(`job-${i}`)),
    )
    await store().project(queue, 10_000)
    const [first] = (await store().read(queue, 0, 1)).events
    const { now } = await store().read(queue, 0, 1)
    const hour = 3_600_000_000
    assert.equal(await store().claimCut(`${queue}-other`, now + 2 * hour), null)
    // Less than an hour's worth.
    assert.equal(await store().claimCut(queue, (first?.at ?? 0) + hour - 1_000_000), null)
    assert.equal(await store().claimCut(queue, now + 2 * hour), 4)
    assert.equal(await other().claimCut(queue, now + 2 * hour), null)
    assert.equal(await store().putSnapshot(queue, { seq: 4, state: {} }), true)
    assert.equal(await other().putSnapshot(queue, { seq: 4, state: {} }), false)
    assert.equal((await store().archive(queue, 4, true)).archivedSeq, 4)
    assert.equal(await other().claimCut(queue, now + 2 * hour), null)
    await until('the clock moves on', async () => (await store().read(queue, 0, 1)).now > now)
    await appendNow(other(), queue, [queuedEvent('more'), queuedEvent('most')])
    await store().project(queue, 10_000)
    assert.equal(await other().claimCut(queue, now + 2 * hour), 6)
  })
}
