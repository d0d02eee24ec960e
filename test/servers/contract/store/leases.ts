import assert from 'node:assert/strict'
import type { LogStore, WorkerBeat } from '../../../../src/engine/store/index.ts'
import {
  activeRow,
  appendNow,
  leaseExpiredEvent,
  queuedEvent,
  standOf,
  startedEvent,
  until,
} from '../hand-made.ts'
import type { Bench } from './bench.ts'

const beatOf = (queue: string, workerId: string, more: Partial<WorkerBeat> = {}): WorkerBeat => ({
  queue,
  workerId,
  kinds: null,
  freeSlots: 1,
  release: '0.0.0',
  ttlMs: 60_000,
  graceMs: 5_000,
  ...more,
})

const stateOf = async (store: LogStore, queue: string, workerId: string) =>
  (await store.workers(queue)).find((worker) => worker.workerId === workerId)?.state

/** Leases on the database's clock: who may start, who may be expired. */
export function leaseContract({ it, store, other }: Bench): void {
  it('registers a worker, renews it, and lists it', async (queue) => {
    const first = await store().beat(beatOf(queue, 'w', { kinds: ['render', 'mail'] }))
    assert.equal(first.alive, true)
    assert.equal(first.expiresAt - first.now > 50_000_000, true)
    assert.deepEqual([first.version, first.overdue], [0, []])
    const second = await other().beat(beatOf(queue, 'w', { freeSlots: 7, release: '0.0.1' }))
    assert.ok(second.alive && second.expiresAt >= first.expiresAt)
    const [row, ...rest] = await store().workers(queue)
    assert.deepEqual(rest, [])
    assert.ok(row && row.startedAt <= row.beatAt && row.expiresAt === second.expiresAt)
    const { workerId, kinds, freeSlots, release, state } = row
    assert.deepEqual([workerId, kinds, freeSlots, release, state], ['w', null, 7, '0.0.1', 'live'])
  })

  it('lets only a live worker start', async (queue) => {
    await store().beat(beatOf(queue, 'live'))
    await store().beat(beatOf(queue, 'left'))
    await store().leave(queue, 'left')
    const both = [startedEvent('a', 'live'), startedEvent('b', 'left'), startedEvent('c', 'unknown')]
    const refused = await appendNow(store(), queue, both)
    assert.ok(!refused.ok && refused.reason === 'dead_worker')
    assert.deepEqual(refused.workerIds, ['left', 'unknown'])
    assert.equal((await appendNow(store(), queue, [startedEvent('a', 'live')])).ok, true)
  })

  it('expires no worker before ttl and grace are over', async (queue) => {
    await store().beat(beatOf(queue, 'live'))
    await store().beat(beatOf(queue, 'late', { ttlMs: 100, graceMs: 60_000 }))
    await until('the lease is late', async () => (await stateOf(store(), queue, 'late')) === 'late')
    const events = [leaseExpiredEvent('a', 'live'), leaseExpiredEvent('b', 'late')]
    const refused = await appendNow(store(), queue, events)
    assert.ok(!refused.ok && refused.reason === 'live_worker')
    assert.deepEqual(refused.workerIds, ['late', 'live'])
    const start = await appendNow(store(), queue, [startedEvent('c', 'late')])
    assert.ok(!start.ok && start.reason === 'dead_worker')
  })

  it('expires a worker that is gone, and never takes it back', async (queue) => {
    const beat = beatOf(queue, 'gone', { ttlMs: 100, graceMs: 0 })
    await store().beat(beat)
    await until('the lease is over', async () => (await stateOf(store(), queue, 'gone')) === 'dead')
    const events = [leaseExpiredEvent('a', 'gone'), leaseExpiredEvent('b', 'never-seen')]
    assert.equal((await appendNow(other(), queue, events)).ok, true)
    const revived = await store().beat({ ...beat, ttlMs: 60_000 })
    assert.equal(revived.alive, false)
    assert.equal(await stateOf(store(), queue, 'gone'), 'dead')
  })

  it('hears from a live worker which places it serves, and that one is gone once it is, or from itself', async (queue) => {
    await store().beat(beatOf(queue, 'live'))
    await store().beat(beatOf(queue, 'left'))
    await store().leave(queue, 'left')
    const serves = (workerId: string) => ({ type: 'worker_serves', workerId, places: ['host1:*'] }) as const
    const dead = await appendNow(store(), queue, [serves('live'), serves('left')])
    assert.ok(!dead.ok && dead.reason === 'dead_worker')
    assert.deepEqual(dead.workerIds, ['left'])
    assert.equal((await appendNow(store(), queue, [serves('live')])).ok, true)
    const live = await appendNow(other(), queue, [
      { type: 'worker_gone', workerId: 'left' },
      { type: 'worker_gone', workerId: 'live' },
    ])
    assert.ok(!live.ok && live.reason === 'live_worker')
    assert.deepEqual(live.workerIds, ['live'])
    const leaves = { type: 'worker_gone', workerId: 'live', left: true } as const
    assert.equal((await appendNow(store(), queue, [leaves])).ok, true)
    assert.equal(await stateOf(store(), queue, 'live'), 'live')
    assert.equal(
      (await appendNow(store(), queue, [{ type: 'worker_gone', workerId: 'never-seen' }])).ok,
      true,
    )
  })

  it('tells every beat who serves places and is gone, also one whose row is not there', async (queue) => {
    await store().beat(beatOf(queue, 'watcher'))
    await store().beat(beatOf(queue, 'gone'))
    const servers = ['gone', 'never-seen', 'watcher']
    await appendNow(store(), queue, [queuedEvent('a')], { state: { servers } })
    await store().leave(queue, 'gone')
    assert.deepEqual((await store().beat(beatOf(queue, 'watcher'))).overdue, ['gone', 'never-seen'])
    await appendNow(store(), queue, [queuedEvent('b')], { state: { servers: ['watcher'] } })
    assert.deepEqual((await other().beat(beatOf(queue, 'watcher'))).overdue, [])
  })

  it('does not renew a lease that is over, even before anybody expires it', async (queue) => {
    const beat = beatOf(queue, 'late', { ttlMs: 100, graceMs: 60_000 })
    const { expiresAt } = await store().beat(beat)
    await until('the lease is late', async () => (await stateOf(store(), queue, 'late')) === 'late')
    const again = await store().beat(beat)
    assert.deepEqual([again.alive, again.expiresAt], [false, expiresAt])
  })

  it('ends the lease of a worker that leaves, for good', async (queue) => {
    await store().beat(beatOf(queue, 'w'))
    await other().leave(queue, 'w')
    await other().leave(queue, 'nobody')
    assert.equal((await store().beat(beatOf(queue, 'w'))).alive, false)
    assert.equal((await appendNow(store(), queue, [leaseExpiredEvent('a', 'w')])).ok, true)
  })

  it('tells every beat who holds jobs and is gone', async (queue) => {
    await store().beat(beatOf(queue, 'watcher'))
    await store().beat(beatOf(queue, 'gone'))
    await store().beat(beatOf(queue, 'idle'))
    const { at } = await standOf(store(), queue)
    const started = [startedEvent('a', 'gone'), startedEvent('b', 'watcher')]
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b'), ...started], {
      jobs: [activeRow('a', at, 'gone'), activeRow('b', at, 'watcher')],
    })
    assert.deepEqual((await store().beat(beatOf(queue, 'watcher'))).overdue, [])
    await store().leave(queue, 'gone')
    await store().leave(queue, 'idle')
    assert.deepEqual((await other().beat(beatOf(queue, 'watcher'))).overdue, ['gone'])
    await appendNow(store(), queue, [leaseExpiredEvent('a', 'gone')], { gone: ['a'] })
    const after = await store().beat(beatOf(queue, 'watcher'))
    assert.deepEqual([after.overdue, after.version], [[], 5])
  })
}
