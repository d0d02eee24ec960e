import assert from 'node:assert/strict'
import type { Event, RecordedEvent } from '../../../../src/engine/core/index.ts'
import {
  appendNow,
  freshCommandId,
  handMade,
  queuedEvent,
  standOf,
  startedEvent,
  waitingRow,
} from '../hand-made.ts'
import type { Bench } from './bench.ts'

const SECOND = 1_000_000

/** Order, atomicity and idempotency. */
export function appendContract({ it, store, other }: Bench): void {
  it('numbers events from 1 on without a gap, and gives them back as they were', async (queue) => {
    const { version, at } = await standOf(store(), queue)
    assert.equal(version, 0)
    const request = handMade({ queue, version, at, events: [queuedEvent('a'), queuedEvent('b')] })
    const answer = await store().append(request)
    assert.ok(answer.ok && answer.version === 2)
    assert.ok(Math.abs(answer.now - at) < 60 * SECOND)
    const second = await appendNow(other(), queue, [queuedEvent('c')])
    assert.ok(second.ok && second.version === 3)
    const page = await store().read(queue, 0, 10)
    assert.deepEqual(
      page.events.map((event) => event.seq),
      [1, 2, 3],
    )
    assert.deepEqual(page.events.slice(0, 2), request.events)
  })

  it('answers a version conflict with what was missed, and writes nothing', async (queue) => {
    const { at } = await standOf(store(), queue)
    await appendNow(other(), queue, [queuedEvent('a'), queuedEvent('b')])
    const answer = await store().append(handMade({ queue, version: 1, at, events: [queuedEvent('c')] }))
    assert.ok(!answer.ok && answer.reason === 'version')
    assert.equal(answer.version, 2)
    assert.deepEqual(answer.missed.map(jobOf), ['b'])
    assert.equal((await store().read(queue, 0, 10)).version, 2)
  })

  it('answers a caller that is ahead of the log as well', async (queue) => {
    const { at } = await standOf(store(), queue)
    const answer = await store().append(handMade({ queue, version: 9, at, events: [queuedEvent('a')] }))
    assert.ok(!answer.ok && answer.reason === 'version')
    assert.deepEqual([answer.version, answer.missed], [0, []])
  })

  it('bounds what a conflict brings, in order from the first missed event', async (queue) => {
    const events = Array.from({ length: 1_200 }, (_, index) => queuedEvent(`job-${index}`))
    await appendNow(other(), queue, events)
    const { at } = await standOf(store(), queue)
    const answer = await store().append(handMade({ queue, version: 100, at, events: [queuedEvent('x')] }))
    assert.ok(!answer.ok && answer.reason === 'version')
    assert.equal(answer.version, 1_200)
    assert.equal(answer.missed[0]?.seq, 101)
    assert.ok(answer.missed.length > 0 && answer.missed.length <= 500)
  })

  it('puts a submitted job in line for who holds its submission, and writes nothing for others', async (queue) => {
    const gone = { ...queuedEvent('a'), submission: 7 } as Event
    const answer = await appendNow(store(), queue, [queuedEvent('b'), gone])
    assert.ok(!answer.ok && answer.reason === 'submissions', JSON.stringify(answer))
    assert.deepEqual(answer.ids, [7])
    assert.equal((await store().read(queue, 0, 10)).version, 0)
  })

  it('does a command once: again it says what the command did', async (queue) => {
    const [first, second] = [freshCommandId(), freshCommandId()]
    await appendNow(store(), queue, [queuedEvent('a'), queuedEvent('b')], {
      commandId: first,
      commandHash: 41,
    })
    await appendNow(store(), queue, [queuedEvent('c')], { commandId: second, commandHash: 42 })
    const again = await appendNow(other(), queue, [queuedEvent('a')], { commandId: first, commandHash: 99 })
    assert.ok(!again.ok && again.reason === 'known')
    assert.deepEqual(again.known, [{ commandId: first, commandHash: 41, seqs: [1, 2] }])
    const { version, at } = await standOf(store(), queue)
    const mixed = handMade({ queue, version, at, events: [queuedEvent('d'), queuedEvent('c')] })
    const [fresh, known] = mixed.events as [RecordedEvent, RecordedEvent]
    const events = [fresh, { ...known, commandId: second }]
    const answer = await store().append({ ...mixed, events })
    assert.ok(!answer.ok && answer.reason === 'known')
    assert.deepEqual(answer.known, [{ commandId: second, commandHash: 42, seqs: [3] }])
    assert.equal((await store().read(queue, 0, 10)).version, 3)
  })

  it('keeps queues apart, command ids too', async (queue) => {
    const commandId = freshCommandId()
    await appendNow(store(), queue, [queuedEvent('a')], { commandId })
    const answer = await appendNow(store(), `${queue}-other`, [queuedEvent('a')], { commandId })
    assert.ok(answer.ok && answer.version === 1)
  })

  it('refuses times that do not rise, or are more than a second off, with its clock', async (queue) => {
    const { version, at } = await standOf(store(), queue)
    const attempt = (time: number) =>
      store().append(handMade({ queue, version, at: time, events: [queuedEvent('a')] }))
    for (const time of [at - 90 * SECOND, at + 90 * SECOND]) {
      const answer = await attempt(time)
      assert.ok(!answer.ok && answer.reason === 'clock')
      assert.ok(Math.abs(answer.now - at) < 60 * SECOND)
    }
    const two = handMade({ queue, version, at, events: [queuedEvent('a'), queuedEvent('b')] })
    const standing = await store().append({ ...two, events: two.events.map((event) => ({ ...event, at })) })
    assert.ok(!standing.ok && standing.reason === 'clock')
    assert.equal((await attempt((await standOf(store(), queue)).at)).ok, true)
    const before = await appendNow(store(), queue, [queuedEvent('b')], { at })
    assert.ok(!before.ok && before.reason === 'clock')
  })

  it('takes events that are up to 5 s old, and only 1 s if something is counted from their times', async (queue) => {
    const beat = { workerId: 'w', kinds: null, freeSlots: 1, release: '0', ttlMs: 600_000, graceMs: 0 }
    const kinds: readonly (readonly [mostSeconds: number, ...events: Event[]])[] = [
      [5, queuedEvent('a')],
      [5, queuedEvent('a'), { type: 'asked', jobId: 'a', asker: 'w', workerId: 'w' }],
      [1, queuedEvent('a'), startedEvent('a', 'w')],
      [1, { ...queuedEvent('a'), offers: ['a'] }],
      [1, queuedEvent('b'), { ...queuedEvent('a'), offers: ['a', 'b'] }],
      [1, { type: 'worker_serves', workerId: 'w', keeps: 1 }],
    ]
    for (const [number, [mostSeconds, ...events]] of kinds.entries())
      for (const seconds of [0, 3, 7]) {
        const name = `${queue}-${number}-${seconds}`
        await store().beat({ queue: name, ...beat })
        const at = (await standOf(store(), name)).at - seconds * SECOND
        const answer = await store().append(handMade({ queue: name, version: 0, at, events }))
        assert.equal(answer.ok, answer.now - at <= mostSeconds * SECOND)
        if (!answer.ok) assert.deepEqual(answer, { ok: false, reason: 'clock', version: 0, now: answer.now })
      }
  })

  it('refuses numbers that do not count on, and an append of nothing', async (queue) => {
    const { at } = await standOf(store(), queue)
    const right = handMade({ queue, version: 0, at, events: [queuedEvent('a'), queuedEvent('b')] })
    const [a, b] = right.events as [RecordedEvent, RecordedEvent]
    const { state } = right.changes
    const wrong = [
      { ...right, events: [] },
      { ...right, events: [a, { ...b, seq: 3 }] },
      { ...right, events: [b, a] },
      { ...right, changes: { ...right.changes, state: { ...state, version: 7 } } },
    ]
    for (const request of wrong) await assert.rejects(store().append(request), { code: 'invalid_input' })
    assert.equal((await store().read(queue, 0, 10)).version, 0)
  })

  it('writes nothing at all when it refuses', async (queue) => {
    const { version, at } = await standOf(store(), queue)
    const jobs = [waitingRow('a', at)]
    await appendNow(store(), queue, [queuedEvent('a')], { jobs, state: { waiting_count: 1 } })
    const before = await store().projection(queue)
    await store().append(handMade({ queue, version, at, events: [queuedEvent('b')], jobs, gone: ['a'] }))
    assert.deepEqual(await store().projection(queue), before)
  })

  it('gives two that race 200 appends each a log without a gap', async (queue) => {
    const race = async (store: ReturnType<Bench['store']>, name: string) => {
      let { version, at } = await standOf(store, queue)
      for (let done = 0; done < 200; ) {
        const answer = await store.append(
          handMade({ queue, version, at: at + 1, events: [queuedEvent(`${name}-${done}`)] }),
        )
        if (answer.ok) done += 1
        version = answer.version
        const missed = !answer.ok && answer.reason === 'version' ? answer.missed : []
        at = Math.max(answer.now, at + 1, missed.at(-1)?.at ?? 0)
      }
    }
    await Promise.all([race(store(), 'left'), race(other(), 'right')])
    const { events } = await store().read(queue, 0, 1_000)
    assert.deepEqual(
      events.map((event) => event.seq),
      Array.from({ length: 400 }, (_, index) => index + 1),
    )
    assert.ok(events.every((event, index) => index === 0 || event.at > (events[index - 1]?.at ?? 0)))
    assert.equal(new Set(events.map(jobOf)).size, 400)
  })
}

const jobOf = (event: RecordedEvent): string | null => ('jobId' in event ? event.jobId : null)
