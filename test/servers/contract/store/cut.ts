import assert from 'node:assert/strict'
import type { Event } from '../../../../src/engine/core/index.ts'
import { appendNow, cutLog, failedEvent, queuedEvent, standOf, startedEvent } from '../hand-made.ts'
import type { Bench } from './bench.ts'

const completed = (jobId: string): Event => ({ type: 'completed', jobId, token: 1 })
const requeued = (jobId: string, models: readonly string[]): Event => ({
  type: 'requeued',
  jobId,
  reason: 'retry',
  runAt: null,
  models,
})

/** What the log still knows of jobs that live on over a cut. */
export function cutContract({ it, store, other }: Bench): void {
  const cut = (queue: string, keep: boolean) => cutLog(store(), queue, keep)
  const deadOf = async (queue: string) =>
    (await other().dead(queue, { limit: 100 })).map(({ jobId, attempts, spec }) => [
      jobId,
      attempts,
      ...spec.models,
    ])
  const seqsOf = async (queue: string, after: number, limit: number) =>
    (await other().read(queue, after, limit)).events.map(({ seq }) => seq)
  const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
  const register = (queue: string) =>
    store().beat({
      ...{ queue, workerId: 'w', kinds: null, freeSlots: 1, release: '0', ttlMs: 60_000, graceMs: 0 },
    })

  for (const [keep, word] of [
    [true, 'kept'],
    [false, 'dropped'],
  ] as const) {
    it(`lists a job that fails after its first events were ${word}, with all that is known of it`, async (queue) => {
      await register(queue)
      await appendNow(store(), queue, [
        queuedEvent('lives'),
        startedEvent('lives', 'w'),
        failedEvent('lives', false),
        requeued('lives', ['flux']),
        ...[queuedEvent('done'), completed('done')],
        ...[queuedEvent('late')],
      ])
      const { version } = await standOf(store(), queue)
      await store().putSnapshot(queue, { seq: version, state: {} })
      // It ends before the cut is made, and after what it takes out.
      await appendNow(store(), queue, [failedEvent('late', true)])
      await store().project(queue, 10_000)
      await store().archive(queue, version, keep)
      await appendNow(store(), queue, [startedEvent('lives', 'w'), failedEvent('lives', true)])
      assert.deepEqual(await deadOf(queue), [
        ['lives', 2, 'flux'],
        ['late', 0, 'm'],
      ])
      assert.equal(await store().drop(queue, ['late']), 1)
      assert.deepEqual(await deadOf(queue), [['lives', 2, 'flux']])
    })

    it(`reads nothing twice and nothing that was ${word} in its place`, async (queue) => {
      await appendNow(store(), queue, [queuedEvent('lives'), queuedEvent('done'), completed('done')])
      const first = await cut(queue, keep)
      await appendNow(store(), queue, [failedEvent('lives', true), queuedEvent('more')])
      assert.deepEqual(await seqsOf(queue, 0, first), keep ? oneTo(first) : [])
      assert.deepEqual(await seqsOf(queue, first, 10), [first + 1, first + 2])
      const last = await cut(queue, keep)
      assert.deepEqual(await seqsOf(queue, 0, last), keep ? oneTo(last) : [])
      assert.deepEqual(await seqsOf(queue, last, 10), [])
    })

    it(`takes in no row again whose job lives, though its first events were ${word}`, async (queue) => {
      const arriving = { ...queuedEvent('row'), intake: true } as Event
      await appendNow(store(), queue, [arriving])
      await cut(queue, keep)
      const refused = await appendNow(other(), queue, [arriving])
      assert.ok(!refused.ok && refused.reason === 'taken')
      assert.deepEqual(refused.jobIds, ['row'])
    })

    it(`has forgotten a command whose events were ${word}`, async (queue) => {
      await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b')], { commandId: `once-${queue}` })
      await cut(queue, keep)
      const again = await appendNow(store(), queue, [queuedEvent('c')], { commandId: `once-${queue}` })
      assert.equal(again.ok, true)
    })
  }

  it('lists dead letters that were kept until they are dropped, or cut off for good', async (queue) => {
    await appendNow(
      store(),
      queue,
      ['a', 'b', 'c'].flatMap((jobId) => [queuedEvent(jobId), failedEvent(jobId, true)]),
    )
    await cut(queue, true)
    assert.equal(await store().drop(queue, ['b']), 1)
    await appendNow(store(), queue, [queuedEvent('c')])
    await cut(queue, true)
    assert.deepEqual(await deadOf(queue), [['a', 0, 'm']])
    await appendNow(store(), queue, [completed('c')])
    await cut(queue, false)
    assert.deepEqual(await deadOf(queue), [])
  })
}
