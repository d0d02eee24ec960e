import assert from 'node:assert/strict'
import type { Event } from '../../../../src/engine/core/index.ts'
import { appendNow, cutLog, failedEvent, queuedEvent, standOf, waitingRow } from '../hand-made.ts'
import type { Bench } from './bench.ts'

/** How jobs ended that others are to come after. */
export function endingsContract({ it, store, other }: Bench): void {
  const cut = (queue: string, keep: boolean) => cutLog(store(), queue, keep)
  const results = async (queue: string, ids: readonly string[]) => {
    const found = await other().results(queue, ids)
    assert.ok(typeof found !== 'number')
    return [...found]
  }
  const ends: readonly (readonly [string, Event])[] = [
    ['completed', { type: 'completed', jobId: 'completed', token: 1 }],
    ['failed', failedEvent('failed', true)],
    ['cancelled', { type: 'cancelled', jobId: 'cancelled', token: null }],
    ['expired', { type: 'expired', jobId: 'expired' }],
    ['lost', { type: 'lease_expired', jobId: 'lost', token: 1, workerId: 'w', final: true }],
    ['__proto__', { type: 'completed', jobId: '__proto__', token: 1 }],
  ]
  const said = async (queue: string, ids: readonly string[]) =>
    [...(await other().endings(queue, ids))].sort()

  it('says of each life how it ended, and nothing of a job that goes on or that nobody knows', async (queue) => {
    const ids = [...ends.map(([jobId]) => jobId), 'again', 'waits']
    await appendNow(
      store(),
      queue,
      ids.map((jobId) => queuedEvent(jobId)),
    )
    // A store does not ask the rules; an expiry by lease is for a worker that is not live.
    const events = ends.filter(([, { type }]) => type !== 'lease_expired').map(([, event]) => event)
    await appendNow(store(), queue, [...events, failedEvent('again', false)])
    assert.deepEqual(await said(queue, [...ids, 'unknown']), [
      ['__proto__', 'completed'],
      ['cancelled', 'cancelled'],
      ['completed', 'completed'],
      ['expired', 'expired'],
      ['failed', 'failed'],
    ])
  })

  it('says how the last life ended, also from the archive; what was erased nobody knows', async (queue) => {
    await appendNow(store(), queue, [queuedEvent('a'), failedEvent('a', true)])
    await appendNow(store(), queue, [queuedEvent('a'), { type: 'completed', jobId: 'a', token: 3 }])
    assert.deepEqual(await said(queue, ['a']), [['a', 'completed']])
    await cut(queue, true)
    assert.deepEqual(await said(queue, ['a', 'b']), [['a', 'completed']])
    await appendNow(store(), queue, [queuedEvent('b')])
    await cut(queue, false)
    assert.deepEqual(await said(queue, ['a', 'b']), [])
  })

  it('keeps results of jobs that a live one comes after, whatever is cut', async (queue) => {
    const child = queuedEvent('child')
    assert.ok(child.type === 'queued')
    const done = (jobId: string, token: number): Event => ({ type: 'completed', jobId, token })
    await appendNow(store(), queue, [queuedEvent('parent'), queuedEvent('other')])
    const { at } = await standOf(store(), queue)
    const linked: readonly Event[] = [
      { ...child, spec: { ...child.spec, after: 1 } },
      { type: 'linked', jobId: 'child', after: ['parent'] },
    ]
    await appendNow(store(), queue, linked, { jobs: [waitingRow('child', at)] })
    const data = ['parent', 'other'].map((jobId) => ({ jobId, result: { of: jobId } }))
    await appendNow(store(), queue, [done('parent', 1), done('other', 2)], { data })
    assert.deepEqual(await results(queue, ['parent', 'child']), [['parent', { of: 'parent' }]])
    await cut(queue, false)
    assert.deepEqual(await results(queue, ['parent', 'other']), [['parent', { of: 'parent' }]])
  })
}
