import assert from 'node:assert/strict'
import type { Event, FailureCode } from '../../../../src/engine/core/index.ts'
import { appendNow, leaseExpiredEvent, queuedEvent, standOf, startedEvent } from '../hand-made.ts'
import type { Bench } from './bench.ts'

const failed = (jobId: string, code: FailureCode, final: boolean): Event => ({
  type: 'failed',
  jobId,
  token: 1,
  code,
  final,
})
const onModel = (jobId: string, model: string): Event => {
  const event = queuedEvent(jobId)
  return event.type === 'queued'
    ? { ...event, spec: { ...event.spec, models: [model], kind: 'render' } }
    : event
}

const beat = (queue: string) => ({
  ...{ queue, workerId: 'w', kinds: null, freeSlots: 1, release: '0', ttlMs: 60_000, graceMs: 0 },
})

/** Jobs that ended without success, and taking them off the list; what the log knows of a row that is taken in. */
export function deadContract({ it, store, other }: Bench): void {
  const die = async (queue: string, ...jobIds: readonly string[]) => {
    await appendNow(
      store(),
      queue,
      jobIds.flatMap((jobId) => [queuedEvent(jobId), failed(jobId, 'non_retryable', true)]),
    )
  }
  const idsOf = async (queue: string, filter: object = {}) =>
    (await other().dead(queue, { limit: 100, ...filter })).map(({ jobId }) => jobId)

  it('lists no end that is void, and one that is read otherwise as it is read', async (queue) => {
    await die(queue, 'void', 'retried', 'other', 'life')
    const { version } = await store().read(queue, 0, 100)
    await die(queue, 'life')
    const end = { token: 1, code: 'timed_out', final: true }
    const voids: Event[] = [
      { type: 'voided', of: 2 },
      { type: 'voided', of: 4, as: { token: 1, code: 'non_retryable' } },
      { type: 'voided', of: 6, as: end },
      { type: 'voided', of: version + 1 },
      { type: 'voided', of: version + 2 },
    ]
    await appendNow(store(), queue, voids)
    const dead = await other().dead(queue, { limit: 100 })
    assert.deepEqual(
      dead.map(({ jobId, code, seq }) => [jobId, code, seq]),
      [
        ['life', 'non_retryable', 8],
        ['other', 'timed_out', 6],
      ],
    )
    assert.equal(await store().drop(queue, ['void', 'retried']), 0)
  })

  it('lists each kind of end, the newest first, with what is known of it', async (queue) => {
    await store().beat(beat(queue))
    const { at } = await standOf(store(), queue)
    await appendNow(
      store(),
      queue,
      [
        onModel('failed', 'flux'),
        startedEvent('failed', 'w'),
        failed('failed', 'handler_error', false),
        { type: 'requeued', jobId: 'failed', reason: 'retry', runAt: null },
        startedEvent('failed', 'w'),
        failed('failed', 'released', false),
        { type: 'requeued', jobId: 'failed', reason: 'later', runAt: null },
        startedEvent('failed', 'w'),
        failed('failed', 'timed_out', true),
        queuedEvent('expired'),
        { type: 'expired', jobId: 'expired' },
        queuedEvent('again'),
        failed('again', 'handler_error', false),
        queuedEvent('cancelled'),
        { type: 'cancelled', jobId: 'cancelled', token: null },
      ],
      { data: [{ jobId: 'failed', error: { name: 'E', message: 'm' } }] },
    )
    await store().leave(queue, 'w')
    await appendNow(store(), queue, [
      queuedEvent('lost'),
      { ...leaseExpiredEvent('lost', 'w'), final: true } as Event,
    ])
    const dead = await other().dead(queue, { limit: 100 })
    assert.deepEqual(
      dead.map(({ jobId, code, attempts, error }) => [jobId, code, attempts, error]),
      [
        ['lost', 'lease_expired', 0, null],
        ['expired', 'expired', 0, null],
        ['failed', 'timed_out', 2, { name: 'E', message: 'm' }],
      ],
    )
    const last = dead.at(-1)
    assert.ok(last && last.seq === 9 && last.at >= at)
    assert.deepEqual([last.spec.models, last.spec.kind, last.spec.attempts], [['flux'], 'render', 3])
  })

  it('does not list a job that is in line again, or has succeeded since', async (queue) => {
    await die(queue, 'a', 'b')
    await appendNow(store(), queue, [queuedEvent('a')])
    assert.deepEqual(await idsOf(queue), ['b'])
    await appendNow(store(), queue, [{ type: 'completed', jobId: 'a', token: 1 }, queuedEvent('b')])
    assert.deepEqual(await idsOf(queue), [])
    await appendNow(store(), queue, [failed('b', 'handler_error', true)])
    assert.deepEqual(await idsOf(queue), ['b'])
  })

  it('does not list a job that was asked to stop in its last attempt: it was cancelled', async (queue) => {
    await store().beat(beat(queue))
    const stop: Event = { type: 'cancel_requested', jobId: 'a' }
    await appendNow(store(), queue, [queuedEvent('a'), startedEvent('a', 'w'), stop])
    await appendNow(store(), queue, [failed('a', 'handler_error', true)])
    await appendNow(store(), queue, [queuedEvent('b'), startedEvent('b', 'w'), { ...stop, jobId: 'b' }])
    await appendNow(store(), queue, [failed('b', 'handler_error', false), startedEvent('b', 'w')])
    await appendNow(store(), queue, [failed('b', 'handler_error', true)])
    assert.deepEqual(await idsOf(queue), ['b'])
  })

  it('finds by id, model and time, page by page', async (queue) => {
    await die(queue, 'a', 'b', 'c')
    await appendNow(store(), queue, [onModel('d', 'flux'), failed('d', 'handler_error', true)])
    assert.deepEqual(await idsOf(queue, { jobIds: ['a', 'd', 'x'] }), ['d', 'a'])
    assert.deepEqual(await idsOf(queue, { model: 'flux' }), ['d'])
    const [d, c] = await store().dead(queue, { limit: 2 })
    assert.deepEqual(await idsOf(queue, { since: d?.at }), ['d'])
    assert.deepEqual(await idsOf(queue, { before: c?.seq, limit: 1 }), ['b'])
    assert.deepEqual(await idsOf(`${queue}-other`), [])
  })

  it('finds those that failed because of another, and says what they came after if it is asked', async (queue) => {
    const child = queuedEvent('child')
    assert.ok(child.type === 'queued')
    const linked: readonly Event[] = [
      { ...child, spec: { ...child.spec, after: 1 } },
      { type: 'linked', jobId: 'child', after: ['a', 'b'] },
      { type: 'linked', jobId: 'child', after: ['c'], goesOn: true, outcome: 'failed' },
    ]
    const end = { type: 'failed', jobId: 'child', token: null, final: true } as const
    const fails: readonly Event[] = [{ ...end, code: 'parent_failed', cause: 'a' }]
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b'), ...linked, ...fails])
    await die(queue, 'a', 'b')
    assert.deepEqual(await idsOf(queue, { causes: ['a', 'x'] }), ['child'])
    assert.deepEqual(await idsOf(queue, { causes: ['b'] }), [])
    const links = await other().dead(queue, { limit: 100, links: true })
    assert.deepEqual(
      links.map(({ jobId, after }) => [jobId, after]),
      [
        ['b', undefined],
        ['a', undefined],
        ['child', [{ job: 'a' }, { job: 'b' }, { job: 'c', goesOn: true }]],
      ],
    )
    const [plain] = await other().dead(queue, { limit: 100, causes: ['a'] })
    assert.equal(plain !== undefined && 'after' in plain, false)
  })

  it('knows the models that a job needed last, which need not be those that it came with', async (queue) => {
    await appendNow(store(), queue, [
      onModel('a', 'flux'),
      failed('a', 'released', false),
      { type: 'requeued', jobId: 'a', reason: 'later', runAt: null, models: ['veo'] },
      failed('a', 'handler_error', false),
      { type: 'requeued', jobId: 'a', reason: 'retry', runAt: null },
      failed('a', 'handler_error', true),
    ])
    const [dead] = await other().dead(queue, { model: 'veo', limit: 100 })
    assert.deepEqual([dead?.jobId, dead?.spec.models], ['a', ['veo']])
    assert.deepEqual(await idsOf(queue, { model: 'flux' }), [])
  })

  it('drops what is dead, and only that; a later death is listed again', async (queue) => {
    await die(queue, 'a', 'b')
    await appendNow(store(), queue, [queuedEvent('live')], { data: [{ jobId: 'live', payload: 1 }] })
    await appendNow(store(), queue, [queuedEvent('done'), { type: 'completed', jobId: 'done', token: 1 }], {
      data: [{ jobId: 'done', result: 2 }],
    })
    assert.equal(await store().drop(queue, ['a', 'live', 'done', 'nobody', 'a']), 1)
    assert.equal(await other().drop(queue, ['a']), 0)
    assert.deepEqual(await idsOf(queue), ['b'])
    const kept = await store().data(queue, ['live', 'done'])
    assert.deepEqual(
      kept.map(({ payload, result }) => [payload, result]),
      [
        [1, null],
        [null, 2],
      ],
    )
    await die(queue, 'a')
    assert.deepEqual(await idsOf(queue), ['a', 'b'])
    assert.equal(await store().drop(queue, ['a']), 1)
    assert.deepEqual(await idsOf(queue), ['b'])
  })

  it('forgets what is kept of a job that is dropped', async (queue) => {
    await appendNow(store(), queue, [queuedEvent('a'), failed('a', 'handler_error', true)], {
      data: [{ jobId: 'a', payload: 'secret' }],
    })
    await store().drop(queue, ['a'])
    assert.equal((await other().data(queue, ['a']))[0]?.payload, null)
  })

  it('refuses to take in a job that the log has ever heard of', async (queue) => {
    const arriving = (jobId: string): Event => ({ ...queuedEvent(jobId), intake: true }) as Event
    await die(queue, 'ended')
    await appendNow(store(), queue, [{ type: 'bypassed', jobId: 'bypassed', jobType: 'normal' }])
    const events = ['fresh', 'ended', 'bypassed'].map(arriving)
    const refused = await appendNow(store(), queue, events)
    assert.ok(!refused.ok && refused.reason === 'taken')
    assert.deepEqual([...refused.jobIds].sort(), ['bypassed', 'ended'])
    assert.equal((await appendNow(other(), queue, [arriving('fresh')])).ok, true)
    assert.equal((await appendNow(store(), queue, [queuedEvent('ended')])).ok, true)
    const { events: log } = await store().read(queue, 3, 10)
    assert.deepEqual(
      log.map((event) => event.type === 'queued' && event.intake),
      [true, undefined],
    )
  })
}
