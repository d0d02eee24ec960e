import assert from 'node:assert/strict'
import { defaultPolicy, type JobRow, type StateRow } from '../../../../src/engine/core/index.ts'
import type { Projection } from '../../../../src/engine/store/index.ts'
import { appendNow, handMade, queuedEvent, standOf, waitingRow } from '../hand-made.ts'
import type { Bench } from './bench.ts'

/** Writing the inner projection again. */
export function rebuildContract({ it, store, other }: Bench): void {
  it('puts right rows in the place of wrong ones, and leaves alone what is right', async (queue) => {
    const { at } = await standOf(store(), queue)
    const right = waitingRow('right', at)
    const jobs = [right, { ...waitingRow('wrong', at), models: ['other'] }, waitingRow('gone', at)]
    await appendNow(store(), queue, ['right', 'wrong', 'missing', 'gone'].map(queuedEvent), { jobs })
    const wanted: readonly JobRow[] = [waitingRow('missing', at + 2), right, waitingRow('wrong', at)]
    const rows = projectionWith(at, 4, wanted)
    const first = await store().rebuild(queue, 4, () => rows)
    // One that has gone and one that is wrong; that one and the missing one written; and the state of the queue.
    assert.deepEqual(first, { ok: true, version: 4, removed: 3, written: 3, ...nowOf(first) })
    assert.deepEqual(await other().projection(queue), rows)
    const second = await other().rebuild(queue, 4, () => rows)
    assert.deepEqual(second, { ok: true, version: 4, removed: 0, written: 0, ...nowOf(second) })
  })

  it('shows what was missed, and takes the rows of the version that it showed', async (queue) => {
    const { at } = await standOf(store(), queue)
    await other().append(handMade({ queue, version: 0, at, events: [queuedEvent('a'), queuedEvent('b')] }))
    const rows = projectionWith(at, 2, [waitingRow('a', at), waitingRow('b', at + 1)])
    const answer = await store().rebuild(queue, 1, ({ version, missed }) => {
      assert.deepEqual([version, missed.map(({ seq }) => seq)], [2, [2]])
      return rows
    })
    assert.ok(answer.ok && answer.version === 2)
    assert.deepEqual(await store().projection(queue), rows)
  })

  it('writes the rows of some jobs alone, and leaves the others as they are', async (queue) => {
    const { at } = await standOf(store(), queue)
    const wrong = { ...waitingRow('wrong', at), models: ['other'] }
    const jobs = [wrong, { ...waitingRow('left', at), models: ['other'] }, waitingRow('gone', at)]
    await appendNow(store(), queue, ['wrong', 'left', 'missing', 'gone'].map(queuedEvent), { jobs })
    const right = [waitingRow('wrong', at), waitingRow('missing', at + 2)]
    const rows = { ...projectionWith(at, 4, right), jobIds: ['wrong', 'missing', 'gone'] }
    const answer = await store().rebuild(queue, 4, () => rows)
    // The row of the queue as well.
    assert.deepEqual(answer, { ok: true, version: 4, removed: 3, written: 3, ...nowOf(answer) })
    const left = (await other().projection(queue))?.jobs.map(({ job_id, models }) => [job_id, models[0]])
    assert.deepEqual(left, [
      ['left', 'other'],
      ['missing', right[1]?.models[0]],
      ['wrong', right[0]?.models[0]],
    ])
    const again = await other().rebuild(queue, 4, () => rows)
    assert.deepEqual(again, { ok: true, version: 4, removed: 0, written: 0, ...nowOf(again) })
  })

  it('lets go of the lock when the rows cannot be computed', async (queue) => {
    const fault = new RangeError('a fault in the caller')
    const failing = store().rebuild(queue, 0, () => {
      throw fault
    })
    await assert.rejects(failing, (error) => error === fault)
    const answer = await appendNow(other(), queue, [queuedEvent('a')])
    assert.ok(answer.ok)
  })

  it('asks a caller that is far behind to read on', async (queue) => {
    const { at } = await standOf(store(), queue)
    const events = Array.from({ length: 1_200 }, (_, index) => queuedEvent(`job-${index}`))
    await other().append(handMade({ queue, version: 0, at, events }))
    const rows = projectionWith(at, 1_200, [])
    const answer = await store().rebuild(queue, 0, () => rows)
    // A store without a limit shows everything.
    if (!answer.ok) assert.ok(answer.version === 1_200 && answer.missed[0]?.seq === 1)
    else assert.deepEqual((await store().projection(queue))?.jobs, [])
  })
}

/** Only some stores say what time it is. */
const nowOf = (answer: object): object => ('now' in answer ? { now: answer.now } : {})

function projectionWith(at: number, version: number, jobs: readonly JobRow[]): Projection {
  const state: StateRow = {
    status: 'idle',
    version,
    active_job_id: null,
    active_job_type: null,
    active_models: [],
    active_count: 0,
    waiting_count: jobs.length,
    policy: defaultPolicy,
    servers: null,
    drained_at: null,
    updated_at: at,
  }
  return { state, jobs }
}
