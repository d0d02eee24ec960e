import assert from 'node:assert/strict'
import { defaultPolicy, isInterlockError, type JobRow } from '../../../../src/engine/core/index.ts'
import { decodeEvents } from '../../../../src/engine/events/index.ts'
import type { Projection } from '../../../../src/engine/store/index.ts'
import { activeRow, appendNow, handMade, queuedEvent, standOf, until, waitingRow } from '../hand-made.ts'
import type { Bench } from './bench.ts'

/** Reading: pages, the projection, wake-ups. */
export function readContract({ it, store, other, connect }: Bench): void {
  it('reads in pages to the end', async (queue) => {
    const ids = Array.from({ length: 25 }, (_, index) => `job-${index}`)
    await appendNow(store(), queue, ids.map(queuedEvent))
    const seen: (string | null)[] = []
    for (let after = 0, more = true; more; ) {
      const page = await other().read(queue, after, 10)
      assert.ok(page.events.length <= 10)
      seen.push(...page.events.map((event) => ('jobId' in event ? event.jobId : null)))
      after += page.events.length
      more = after < page.version
    }
    assert.deepEqual(seen, ids)
    const end = await store().read(queue, 25, 10)
    assert.deepEqual([end.events, end.version, end.epoch], [[], 25, 1])
  })

  it('finds an unknown queue empty', async (queue) => {
    const page = await store().read(`${queue}-nobody`, 0, 10)
    assert.deepEqual([page.events, page.version, page.epoch], [[], 0, 1])
  })

  it('records a new epoch', async (queue) => {
    await appendNow(store(), queue, [{ type: 'epoch_changed', epoch: 5 }])
    assert.equal((await other().read(queue, 0, 10)).epoch, 5)
  })

  it('reads an event that is void as it is said to be read, and gives the row beside it', async (queue) => {
    const requeued = { type: 'requeued', jobId: 'a', reason: 'retry', runAt: 9 } as const
    await appendNow(store(), queue, [queuedEvent('a'), requeued, { type: 'due', jobId: 'a' }])
    const before = await store().read(queue, 0, 10)
    const voids = [
      { type: 'voided', of: 2, as: { reason: 'later' } },
      { type: 'voided', of: 3 },
    ] as const
    await appendNow(store(), queue, voids)
    const { events } = await other().read(queue, 0, 10)
    const [first, second, third] = before.events
    assert.deepEqual(events[0], first)
    assert.deepEqual(events[1], { ...second, reason: 'later', runAt: null })
    const { seq, at, commandId, commandHash } = third ?? {}
    assert.deepEqual(events[2], { type: 'voided', of: 3, seq, at, commandId, commandHash })
    assert.deepEqual((await other().read(queue, 1, 1)).events, [events[1]])
    const { rows, version } = await other().rows(queue, 1, 2)
    assert.equal(version, 5)
    assert.deepEqual(decodeEvents(rows), [events[1], events[2]])
    // A reader that comes late is told in the answer that brings the events.
    const late = await store().append(
      handMade({ queue, version: 1, at: at ?? 0, events: [queuedEvent('b')] }),
    )
    assert.deepEqual(!late.ok && late.reason === 'version' && late.missed.slice(0, 2), [events[1], events[2]])
  })

  it('gives the projection back as the core computed it', async (queue) => {
    const { at } = await standOf(store(), queue)
    const waiting = {
      ...waitingRow('waiting', at),
      kind: 'render',
      models: ['a', 'b'],
      priority: -3,
      place_level: -1,
      place_order: -5,
      place_tie: 2.0625,
      due_at: at + 1,
      expires_at: at + 2,
      blocked_by_job_id: 'active',
      blocked_on: 'm',
      conflict_reason: 'Waits for active.',
    }
    const active = { ...activeRow('active', at, 'w'), attempt: 2, cancel_requested: true }
    const state = {
      status: 'draining',
      active_job_id: 'active',
      active_job_type: 'normal',
      active_models: ['m'],
      active_count: 1,
      waiting_count: 1,
      servers: ['w'],
      drained_at: at,
    } as const
    const events = [queuedEvent('waiting'), queuedEvent('active')]
    await appendNow(store(), queue, events, { jobs: [waiting, active], state })
    const appendedAt = (await store().read(queue, 0, 1)).events[0]?.at
    assert.deepEqual(await other().projection(queue), {
      state: { ...state, version: 2, policy: defaultPolicy, updated_at: appendedAt },
      jobs: [active, waiting],
    })
  })

  it('updates, deletes, and keeps the policy that nobody changed', async (queue) => {
    const { at } = await standOf(store(), queue)
    const policy = { ...defaultPolicy, maxActive: null, capacity: { m: 2, '*': 3 } }
    const ids = ['a', 'b', '\u{1F682}', '\uFF5E']
    const jobs = ids.map((jobId) => waitingRow(jobId, at))
    await appendNow(store(), queue, ids.map(queuedEvent), { jobs, state: { policy } })
    const started = activeRow('a', at, 'w')
    await appendNow(store(), queue, [{ type: 'due', jobId: 'a' }], {
      jobs: [started],
      gone: ['b', 'never-there'],
    })
    const projection = await store().projection(queue)
    assert.deepEqual(projection?.state.policy, policy)
    // In the order of JavaScript, which is not that of code points.
    assert.deepEqual(projection?.jobs, [started, waitingRow('\u{1F682}', at), waitingRow('\uFF5E', at)])
  })

  it('gives the projection in pages, those that run alone, and the rows of some jobs', async (queue) => {
    const { at } = await standOf(store(), queue)
    const ids = ['a', 'B', 'c', '\u{1F682}', '\uFF5E']
    const active = activeRow('c', at, 'w')
    const rows = [...ids.filter((id) => id !== 'c').map((id) => waitingRow(id, at)), active]
    await appendNow(store(), queue, ids.map(queuedEvent), { jobs: rows })
    const whole = await other().projection(queue)
    const paged: JobRow[] = []
    for (let after: string | null = null, size = 2; size === 2; ) {
      const page: Projection | null = await other().projectionPage(queue, { after, limit: 2 })
      assert.deepEqual(page?.state, whole?.state)
      paged.push(...(page?.jobs ?? []))
      after = page?.jobs.at(-1)?.job_id ?? null
      size = page?.jobs.length ?? 0
    }
    // In an order of the store's: each of them once.
    const byId = (a: JobRow, b: JobRow) => (a.job_id < b.job_id ? -1 : 1)
    assert.deepEqual(paged.toSorted(byId), whole?.jobs)
    const running = await store().projectionPage(queue, { after: null, limit: 10, isActive: true })
    assert.deepEqual(running?.jobs, [active])
    const some = await store().projectionPage(queue, { jobIds: ['B', 'nobody', '\uFF5E'] })
    assert.deepEqual(some?.jobs.toSorted(byId), [waitingRow('B', at), waitingRow('\uFF5E', at)])
    assert.equal(await store().projectionPage(`${queue}-nobody`, { after: null, limit: 1 }), null)
  })

  it('makes no queue for a reader, and names those that there are', async (queue) => {
    await other().open(queue, { make: false })
    const nobody = `${queue}-nobody`
    await assert.rejects(store().open(nobody, { make: false }), (error) => {
      assert.ok(isInterlockError(error, 'unknown_queue'))
      const { queues } = error.details
      assert.ok(Array.isArray(queues) && queues.includes(queue) && !queues.includes(nobody))
      assert.ok(error.message.includes(`no queue ${nobody}`))
      return true
    })
    assert.equal(await other().projection(nobody), null)
    await store().open(nobody)
    await other().open(nobody, { make: false })
  })

  it('has no projection of a queue that was never opened', async (queue) => {
    assert.equal(await store().projection(`${queue}-nobody`), null)
  })

  it('wakes those who listen to the queue, and them only', async (queue) => {
    const woken: string[] = []
    const stop = await other().listen(queue, () => woken.push('here'))
    const stopOther = await other().listen(`${queue}-other`, () => woken.push('elsewhere'))
    woken.length = 0
    await appendNow(store(), queue, [queuedEvent('a')])
    await until('somebody is woken', () => woken.length > 0)
    assert.ok(woken.every((name) => name === 'here'))
    await stop()
    await stopOther()
    woken.length = 0
    await appendNow(store(), queue, [queuedEvent('b')])
    assert.deepEqual(woken, [])
  })

  it('refuses every call once it is closed, and closes twice without harm', async (queue) => {
    const closed = await connect()
    await closed.open(queue)
    await closed.close()
    await closed.close()
    for (const call of [
      closed.open(queue),
      closed.read(queue, 0, 1),
      closed.leave(queue, 'w'),
      closed.listen(queue, () => {}),
    ]) {
      await assert.rejects(call, { code: 'closed' })
    }
  })
}
