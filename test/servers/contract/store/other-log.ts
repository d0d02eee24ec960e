import assert from 'node:assert/strict'
import type { Event } from '../../../../src/engine/core/index.ts'
import { appendNow, handMade, queuedEvent, standOf, until } from '../hand-made.ts'
import type { Bench } from './bench.ts'

const life = (jobId: string, token: number): readonly Event[] => [
  queuedEvent(jobId),
  { type: 'completed', jobId, token },
]

/** After a restore the log is another one, in which numbers that somebody knows may stand for other events. */
export function otherLogContract({ it, store, other }: Bench): void {
  /** Two events, of a job that has ended; their times. */
  const begun = async (queue: string) => {
    await appendNow(other(), queue, life('a', 1))
    const { events } = await store().read(queue, 0, 2)
    return events.map(({ at }) => at) as [first: number, second: number]
  }
  /** What an append says of a process that knows the event `version` by that time. */
  const said = async (queue: string, version: number, expectedAt: number) => {
    const { at } = await standOf(store(), queue)
    const answer = await store().append(
      handMade({ queue, version, at, expectedAt, events: [queuedEvent('c')] }),
    )
    if (answer.ok) return 'ok'
    return answer.reason === 'version' ? answer.missed.map(({ seq }) => seq) : answer.reason
  }
  const cut = async (queue: string, through: number, keep: boolean) => {
    await store().putSnapshot(queue, { seq: through, state: {} })
    await store().project(queue, 10_000)
    const { at } = await standOf(store(), queue)
    await store().archive(queue, through, keep)
    // Of a log that is gone nobody learns the last time: the next one is that of the clock alone.
    await until('the clock moves on', async () => (await store().read(queue, 0, 1)).now > at)
  }

  it('writes nothing on top of an event that is not the one the caller knows', async (queue) => {
    const [, second] = await begun(queue)
    for (const at of [second - 1, second + 1]) assert.equal(await said(queue, 2, at), 'log_went_back')
    assert.equal((await store().read(queue, 0, 1)).version, 2)
    assert.equal(await said(queue, 2, second), 'ok')
  })

  it('gives nothing to be folded after an event that is not the one the caller knows', async (queue) => {
    const [first] = await begun(queue)
    for (const at of [first - 1, first + 1]) assert.equal(await said(queue, 1, at), 'log_went_back')
    assert.deepEqual(await said(queue, 1, first), [2])
  })

  it('says so too to a process that knows more than there is', async (queue) => {
    const [, second] = await begun(queue)
    assert.equal(await said(queue, 3, second), 'log_went_back')
  })

  it('takes the beginning of a log for the same in all of them', async (queue) => {
    assert.equal(await said(queue, 0, 0), 'ok')
    assert.deepEqual(await said(queue, 0, 0), [1])
  })

  it('knows archived events again', async (queue) => {
    const [first, second] = await begun(queue)
    await cut(queue, 2, true)
    assert.equal(await said(queue, 2, second + 1), 'log_went_back')
    assert.equal(await said(queue, 2, second), 'ok')
    for (const version of [1, 2]) assert.equal(await said(queue, version, second + 1), 'log_went_back')
    assert.deepEqual(await said(queue, 2, second), [3])
    // From before the cut: there it goes on by reading.
    assert.deepEqual(await said(queue, 1, first), [])
  })

  it('answers like any other conflict where the event is gone for good, and nobody can tell', async (queue) => {
    await appendNow(other(), queue, [...life('a', 1), ...life('b', 3)])
    const at = (await store().read(queue, 3, 1)).events[0]?.at ?? 0
    await cut(queue, 4, false)
    // That of the last event of all is known all the same.
    assert.equal(await said(queue, 4, at + 1), 'log_went_back')
    assert.equal(await said(queue, 4, at), 'ok')
    assert.deepEqual(await said(queue, 4, at + 1), [5])
    assert.deepEqual(await said(queue, 2, at), [])
  })
}

/** The same under the lock, while rows of the projection are made again. */
export function otherLogLockedContract({ it, store, other }: Bench): void {
  it('shows the time of the event that the caller knows', async (queue) => {
    await appendNow(other(), queue, [queuedEvent('a'), queuedEvent('b')])
    const { events } = await store().read(queue, 0, 2)
    const sinceAt = async (since: number) => {
      let seen: number | null | undefined
      const rebuilding = store().rebuild(queue, since, (view) => {
        seen = view.sinceAt
        throw new Error('seen')
      })
      await assert.rejects(rebuilding, /seen/)
      return seen
    }
    assert.deepEqual(
      [await sinceAt(1), await sinceAt(2)],
      events.map(({ at }) => at),
    )
    assert.equal(await sinceAt(0), null)
  })
}
