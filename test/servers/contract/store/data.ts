import assert from 'node:assert/strict'
import type { DataChange, Event } from '../../../../src/engine/core/index.ts'
import { activeRow, appendNow, queuedEvent, standOf, waitingRow } from '../hand-made.ts'
import type { Bench } from './bench.ts'

const empty = {
  ...{ payload: null, result: null, error: null, checkpoint: null, progress: null, trace: null },
  row: null,
}

const rowEvent = (jobId: string): Event => ({ ...queuedEvent(jobId), intake: true }) as Event

const failedEvent = (jobId: string): Event => ({
  type: 'failed',
  jobId,
  token: 1,
  code: 'handler_error',
  final: true,
})

/** What is kept beside the log: payloads, results, errors, checkpoints, progress, traces. */
export function dataContract({ it, store, other }: Bench): void {
  const enter = async (queue: string, jobId: string, data: readonly DataChange[] = []) => {
    const { at, version } = await standOf(store(), queue)
    const row = { ...activeRow(jobId, at, 'w'), fencing_token: version + 1 }
    await appendNow(store(), queue, [queuedEvent(jobId)], { jobs: [row], data })
    return row.fencing_token
  }
  const keptOf = async (queue: string, jobId: string) => (await other().data(queue, [jobId]))[0]

  it('keeps what comes with its events, and gives it back in the order asked', async (queue) => {
    const payload = { text: 'Zoë \u{1F682}', list: [1, 2.5, null, true, { deep: [] }], ['__proto__']: 'own' }
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b')], {
      data: [
        { jobId: 'a', payload },
        { jobId: 'b', payload: 'plain', checkpoint: { externalId: 'x' } },
      ],
    })
    assert.deepEqual(await other().data(queue, ['b', 'nobody', 'a']), [
      { ...empty, jobId: 'b', payload: 'plain', checkpoint: { externalId: 'x' } },
      { ...empty, jobId: 'nobody' },
      { ...empty, jobId: 'a', payload },
    ])
  })

  it('gives what is kept of payloads page by page, with the hashes of their events', async (queue) => {
    const plain = queuedEvent('a')
    assert.ok(plain.type === 'queued')
    const hashed = { ...plain, spec: { ...plain.spec, hasData: true as const, payloadHash: 5 } }
    await appendNow(store(), queue, [hashed, queuedEvent('b'), queuedEvent('c')], {
      data: [
        { jobId: 'a', payload: { text: 'Zoë' } },
        { jobId: 'b', payload: 2 },
        { jobId: 'c', checkpoint: 3 },
      ],
    })
    const page = await other().payloads(queue, '')
    assert.deepEqual(page, [
      { jobId: 'a', payload: { text: 'Zoë' }, seq: 1, hash: 5 },
      { jobId: 'b', payload: 2, seq: 2, hash: null },
    ])
    assert.deepEqual(await other().payloads(queue, 'a'), page.slice(1))
    assert.deepEqual(await other().payloads(queue, 'b'), [])
    assert.deepEqual(await other().payloads(`${queue}-nobody`, ''), [])
  })

  it('brings what is wanted with the append, up to 64 KB, and nothing of a job that was made of a row', async (queue) => {
    const large = Array.from({ length: 12_000 }, (_, n) => `${n * 7919}`)
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b'), rowEvent('c')], {
      data: [
        { jobId: 'a', payload: 1, checkpoint: 2 },
        { jobId: 'b', payload: large },
        { jobId: 'c', payload: 3 },
      ],
    })
    const answer = await appendNow(store(), queue, [queuedEvent('d')], {
      data: [{ jobId: 'd', payload: 4 }],
      wanted: ['d', 'c', 'a', 'b'],
    })
    assert.ok(answer.ok)
    assert.deepEqual(answer.data, [
      { ...empty, jobId: 'd', payload: 4 },
      { ...empty, jobId: 'a', payload: 1, checkpoint: 2 },
    ])
  })

  it('sets what is named and leaves the rest', async (queue) => {
    await enter(queue, 'a', [{ jobId: 'a', payload: 1 }])
    await appendNow(store(), queue, [failedEvent('a')], { data: [{ jobId: 'a', error: { name: 'E' } }] })
    await appendNow(store(), queue, [failedEvent('a')], { data: [{ jobId: 'a', result: [] }] })
    assert.deepEqual(await keptOf(queue, 'a'), {
      ...empty,
      jobId: 'a',
      payload: 1,
      result: [],
      error: { name: 'E' },
    })
    await appendNow(store(), queue, [failedEvent('a')], { data: [{ jobId: 'a', error: null }] })
    assert.deepEqual((await keptOf(queue, 'a'))?.error, null)
  })

  it('keeps where the trace of a job comes from, brings it with the start, and gives a later life nothing of it', async (queue) => {
    const trace = { traceparent: `00-${'0af7'.repeat(8)}-b7ad6b7169203331-01`, tracestate: 'vendor=1' }
    const { at, version } = await standOf(store(), queue)
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b')], {
      jobs: [waitingRow('a', at), { ...waitingRow('b', at), place_tie: version + 2 }],
      data: [
        { jobId: 'a', trace },
        { jobId: 'b', payload: 1, trace },
      ],
    })
    assert.deepEqual(await keptOf(queue, 'a'), { ...empty, jobId: 'a', trace })
    assert.deepEqual(await keptOf(queue, 'b'), { ...empty, jobId: 'b', payload: 1, trace })
    const last = { ...trace, last: `00-${'0af7'.repeat(8)}-00f067aa0ba902b7-01` }
    await appendNow(store(), queue, [failedEvent('b')], { data: [{ jobId: 'b', error: 2, trace: last }] })
    const answer = await appendNow(store(), queue, [queuedEvent('c')], { wanted: ['a', 'b'] })
    assert.ok(answer.ok)
    assert.deepEqual(answer.data, [
      { ...empty, jobId: 'a', trace },
      { ...empty, jobId: 'b', payload: 1, error: 2, trace: last },
    ])
    const token = await enter(queue, 'a')
    assert.deepEqual((await keptOf(queue, 'a'))?.trace, null)
    await enter(queue, 'b')
    assert.equal(await store().note(queue, { jobId: 'a', token, progress: 1 }), true)
    assert.deepEqual((await keptOf(queue, 'a'))?.trace, null)
    assert.deepEqual((await keptOf(queue, 'b'))?.trace, null)
  })

  it('writes no data when it refuses the append', async (queue) => {
    await enter(queue, 'a', [{ jobId: 'a', payload: 1 }])
    const refused = await appendNow(store(), queue, [queuedEvent('a')], {
      version: 0,
      data: [{ jobId: 'a', payload: 2 }],
    })
    assert.equal(refused.ok, false)
    assert.deepEqual((await keptOf(queue, 'a'))?.payload, 1)
  })

  it('gives nothing of an earlier life to a later one', async (queue) => {
    const token = await enter(queue, 'a', [{ jobId: 'a', payload: 'old' }])
    assert.equal(await store().note(queue, { jobId: 'a', token, checkpoint: 'old', progress: 1 }), true)
    const second = await enter(queue, 'a')
    assert.deepEqual(await keptOf(queue, 'a'), { ...empty, jobId: 'a' })
    assert.equal(await store().note(queue, { jobId: 'a', token: second, progress: 2 }), true)
    assert.deepEqual(await keptOf(queue, 'a'), { ...empty, jobId: 'a', progress: 2 })
    await enter(queue, 'a', [{ jobId: 'a', payload: 'new' }])
    assert.deepEqual(await keptOf(queue, 'a'), { ...empty, jobId: 'a', payload: 'new' })
  })

  it('keeps the notes of the running attempt, each by itself', async (queue) => {
    const token = await enter(queue, 'a', [{ jobId: 'a', payload: 1 }])
    assert.equal(await store().note(queue, { jobId: 'a', token, checkpoint: { externalId: 'x' } }), true)
    assert.equal(await other().note(queue, { jobId: 'a', token, progress: 0.5 }), true)
    const kept = { ...empty, jobId: 'a', payload: 1, checkpoint: { externalId: 'x' }, progress: 0.5 }
    assert.deepEqual(await keptOf(queue, 'a'), kept)
    await store().note(queue, { jobId: 'a', token, checkpoint: null })
    assert.deepEqual(await keptOf(queue, 'a'), { ...kept, checkpoint: null })
  })

  it('takes no note of an attempt that is over, or of another job', async (queue) => {
    const token = await enter(queue, 'a')
    assert.equal(await store().note(queue, { jobId: 'a', token: token + 1, progress: 1 }), false)
    assert.equal(await store().note(queue, { jobId: 'b', token, progress: 1 }), false)
    assert.equal(await store().note(`${queue}-other`, { jobId: 'a', token, progress: 1 }), false)
    await appendNow(store(), queue, [failedEvent('a')], { gone: ['a'] })
    assert.equal(await store().note(queue, { jobId: 'a', token, progress: 1 }), false)
    assert.deepEqual(await keptOf(queue, 'a'), { ...empty, jobId: 'a' })
  })

  it('forgets what it is asked to, and keeps the queues apart', async (queue) => {
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b')], {
      data: [
        { jobId: 'a', payload: 'secret' },
        { jobId: 'b', payload: 'kept' },
      ],
    })
    await store().forget(`${queue}-other`, ['a', 'b'])
    await store().forget(queue, ['a', 'nobody'])
    await store().forget(queue, ['a'])
    assert.deepEqual(await keptOf(queue, 'a'), { ...empty, jobId: 'a' })
    assert.deepEqual((await keptOf(queue, 'b'))?.payload, 'kept')
    assert.deepEqual((await other().data(`${queue}-other`, ['b']))[0]?.payload, null)
  })

  it('goes with its events, once the log has nothing left of a job; and a job that lives on keeps its own', async (queue) => {
    await enter(queue, 'over', [{ jobId: 'over', payload: 1 }])
    await appendNow(store(), queue, [failedEvent('over')], {
      gone: ['over'],
      data: [{ jobId: 'over', error: 2 }],
    })
    const token = await enter(queue, 'lives', [{ jobId: 'lives', payload: 3 }])
    await enter(queue, 'late')
    const { version } = await standOf(store(), queue)
    await store().putSnapshot(queue, { seq: version, state: {} })
    await store().project(queue, 10_000)
    await appendNow(store(), queue, [failedEvent('late')], {
      gone: ['late'],
      data: [{ jobId: 'late', error: 4 }],
    })
    assert.deepEqual(await store().archive(queue, version, false), {
      archivedSeq: version,
      archived: version,
      unkept: 0,
    })
    assert.deepEqual(await keptOf(queue, 'over'), { ...empty, jobId: 'over' })
    assert.deepEqual(await keptOf(queue, 'late'), { ...empty, jobId: 'late', error: 4 })
    // Its `queued` event is gone; what is noted and what it comes to joins what it came with.
    assert.equal(await store().note(queue, { jobId: 'lives', token, checkpoint: 5 }), true)
    await appendNow(store(), queue, [failedEvent('lives')], { data: [{ jobId: 'lives', error: 6 }] })
    assert.deepEqual(await keptOf(queue, 'lives'), {
      ...{ ...empty, jobId: 'lives', payload: 3, checkpoint: 5, error: 6 },
    })
  })

  it('takes over what was staged for a command, once its events are there and not before', async (queue) => {
    await enter(queue, 'live', [{ jobId: 'live', payload: 1 }])
    const commandId = 'c-ahead'
    const ahead = [
      { jobId: 'live', payload: 'never' },
      { jobId: 'a', payload: { big: 'x'.repeat(100_000) } },
    ]
    await store().stage(queue, commandId, ahead)
    await store().stage(queue, commandId, ahead)
    assert.equal((await keptOf(queue, 'live'))?.payload, 1)
    const staged = [{ commandId, jobId: 'a' }]
    assert.equal((await appendNow(store(), queue, [queuedEvent('a')], { commandId, staged })).ok, true)
    assert.deepEqual((await keptOf(queue, 'a'))?.payload, ahead[1]?.payload)
    assert.equal((await keptOf(queue, 'live'))?.payload, 1)
  })

  it('appends nothing of a command whose staged data is gone, and says so', async (queue) => {
    const [commandId, jobId] = ['c-gone', 'a']
    const staged = [{ commandId, jobId }]
    const lost = async () => {
      const answer = await appendNow(store(), queue, [queuedEvent(jobId)], { commandId, staged })
      assert.deepEqual(
        { ...answer, now: 0 },
        { ok: false, reason: 'unstaged', version: 0, now: 0, commandIds: [commandId] },
      )
    }
    await lost()
    await store().stage(queue, commandId, [{ jobId, payload: 1 }])
    // Erased on its way, too.
    await store().forget(queue, [jobId])
    await lost()
    await store().stage(queue, commandId, [{ jobId, payload: 2 }])
    assert.equal((await appendNow(store(), queue, [queuedEvent(jobId)], { commandId, staged })).ok, true)
    assert.equal((await keptOf(queue, jobId))?.payload, 2)
  })

  // In the append itself it may come too late on a busy machine, time and again: its events have to be of the last second.
  it('takes the largest payload that programs may send, whatever is in it, ahead of its event as they send it', async (queue) => {
    const [commandId, jobId] = ['c-largest', 'a']
    const payload = Array.from({ length: 524_287 }, () => 1)
    const staged = [{ commandId, jobId }]
    await store().stage(queue, commandId, [{ jobId, payload }])
    assert.equal((await appendNow(store(), queue, [queuedEvent(jobId)], { commandId, staged })).ok, true)
    const kept = (await keptOf(queue, jobId))?.payload
    assert.ok(Array.isArray(kept) && kept.length === payload.length)
  })
}
