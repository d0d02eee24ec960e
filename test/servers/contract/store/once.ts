import assert from 'node:assert/strict'
import type { Event, JobSpec } from '../../../../src/engine/core/index.ts'
import type { AppendAnswer } from '../../../../src/engine/store/index.ts'
import { appendNow, cutLog, queuedEvent, until } from '../hand-made.ts'
import type { Bench } from './bench.ts'

const HOUR_MS = 3_600_000
const ended = (jobId: string): Event => ({ type: 'completed', jobId, token: 1 })

function onceEvent(jobId: string, once: number, body: number, more: Partial<JobSpec> = {}): Event {
  const event = queuedEvent(jobId)
  assert.ok(event.type === 'queued')
  return { ...event, body, spec: { ...event.spec, once, ...more } }
}

function refusalOf(answer: AppendAnswer) {
  assert.ok(!answer.ok && answer.reason === 'once', JSON.stringify(answer))
  return answer.once
}

/** Ids of jobs that are enqueued `once`. */
export function onceContract({ it, store, other }: Bench): void {
  const cut = (queue: string, keep: boolean) => cutLog(store(), queue, keep)
  const timeOf = async (queue: string, seq: number) =>
    (await store().read(queue, seq - 1, 1)).events[0]?.at ?? 0

  it('refuses a job under an id that is taken, live or ended, and says by what; writes nothing then', async (queue) => {
    await appendNow(store(), queue, [onceEvent('a', HOUR_MS, 41, { payloadHash: 7 })])
    const record = {
      jobId: 'a',
      seq: 1,
      until: (await timeOf(queue, 1)) + HOUR_MS * 1_000,
      body: 41,
      payloadHash: 7,
    }
    const again = [queuedEvent('b'), onceEvent('a', 1, 42)]
    assert.deepEqual(refusalOf(await appendNow(other(), queue, again)), [record])
    await appendNow(store(), queue, [ended('a')])
    assert.deepEqual(refusalOf(await appendNow(other(), queue, again)), [record])
    assert.equal((await store().read(queue, 0, 10)).version, 2)
    assert.deepEqual(await store().checkOnce(queue), [])
  })

  it('takes an id for ever, and tells apart what is kept of its job', async (queue) => {
    const events = [onceEvent('a', 0, 1, { hasData: true }), onceEvent('b', 0, 2), ended('a'), ended('b')]
    await appendNow(store(), queue, events)
    const found = refusalOf(await appendNow(other(), queue, [onceEvent('b', 1, 3), onceEvent('a', 1, 3)]))
    assert.deepEqual(
      found.toSorted((a, b) => a.seq - b.seq),
      [
        { jobId: 'a', seq: 1, until: null, body: 1, hasData: true },
        { jobId: 'b', seq: 2, until: null, body: 2 },
      ],
    )
  })

  it('asks only jobs that are enqueued once, and in their own queue', async (queue) => {
    await appendNow(store(), queue, [onceEvent('a', 0, 1), ended('a')])
    assert.ok((await appendNow(other(), queue, [queuedEvent('a'), ended('a')])).ok)
    await other().open(`${queue}-other`)
    assert.ok((await appendNow(other(), `${queue}-other`, [onceEvent('a', 0, 2)])).ok)
    // The job that came without leaves what is remembered as it is.
    assert.equal(refusalOf(await appendNow(other(), queue, [onceEvent('a', 0, 3)]))[0]?.seq, 1)
  })

  it('gives an id free when its time is over, and takes it again from then on', async (queue) => {
    await appendNow(store(), queue, [onceEvent('a', 1, 1), ended('a')])
    const over = (await timeOf(queue, 1)) + 1_000
    await until('its time is over', async () => (await store().read(queue, 0, 1)).now >= over)
    assert.ok((await appendNow(other(), queue, [onceEvent('a', HOUR_MS, 2), ended('a')])).ok)
    assert.deepEqual(
      refusalOf(await appendNow(store(), queue, [onceEvent('a', 1, 3)])).map(({ seq, body }) => [seq, body]),
      [[3, 2]],
    )
    assert.deepEqual(await store().checkOnce(queue), [])
  })

  for (const [keep, word] of [
    [true, 'kept'],
    [false, 'dropped'],
  ] as const)
    it(`remembers them when their events were ${word}, and when their dead letters were`, async (queue) => {
      const failed = { type: 'failed', jobId: 'a', token: 1, code: 'handler_error', final: true } as const
      await appendNow(store(), queue, [onceEvent('a', 0, 1), failed, queuedEvent('b'), ended('b')])
      await store().drop(queue, ['a'])
      await cut(queue, keep)
      assert.equal(refusalOf(await appendNow(other(), queue, [onceEvent('a', 0, 2)]))[0]?.body, 1)
      assert.deepEqual(await store().checkOnce(queue), [])
      assert.equal(await store().rebuildOnce(queue), 0)
      assert.equal(refusalOf(await appendNow(other(), queue, [onceEvent('a', 0, 2)]))[0]?.body, 1)
    })
}
