import assert from 'node:assert/strict'
import type { LogStore, TurnStore } from '../../port/index.ts'
import { handMade, queuedEvent, standOf } from '../hand-made.ts'
import type { Bench } from './bench.ts'

/** Deciding under the lock. */
export function turnContract(bench: Bench): void {
  const { it } = bench
  const [store, other] = [() => turnsOf(bench.store()), () => turnsOf(bench.other())]
  it('shows a turn all that was missed, and appends what it decides', async (queue) => {
    const at = (await standOf(store(), queue)).at
    await other().append(handMade({ queue, version: 0, at, events: [queuedEvent('a'), queuedEvent('b')] }))
    const answer = await store().turn(queue, 1, ({ version, now, missed }) => {
      assert.equal(version, 2)
      assert.deepEqual(
        missed.map((event) => event.seq),
        [2],
      )
      return handMade({ queue, version, at: Math.max(now, at + 2), events: [queuedEvent('c')] })
    })
    assert.ok(answer.ok && answer.version === 3)
  })

  it('writes nothing when the turn decides nothing', async (queue) => {
    const answer = await store().turn(queue, 0, () => null)
    assert.ok(answer.ok && answer.version === 0)
    assert.equal((await store().read(queue, 0, 1)).version, 0)
  })

  it('lets go of the lock when deciding fails, and throws what was thrown', async (queue) => {
    const fault = new RangeError('a fault in the caller')
    const failing = store().turn(queue, 0, () => {
      throw fault
    })
    await assert.rejects(failing, (error) => error === fault)
    const answer = await other().turn(queue, 0, ({ version, now }) =>
      handMade({ queue, version, at: now, events: [queuedEvent('a')] }),
    )
    assert.ok(answer.ok && answer.version === 1)
  })

  it('answers a refusal of the append like the append', async (queue) => {
    const { at } = await standOf(store(), queue)
    const answer = await store().turn(queue, 0, ({ version }) =>
      handMade({ queue, version, at: at - 90_000_000, events: [queuedEvent('a')] }),
    )
    assert.ok(!answer.ok && answer.reason === 'clock')
    assert.equal((await store().read(queue, 0, 1)).version, 0)
  })

  it('asks a caller that is far behind to read on without the lock', async (queue) => {
    const { at } = await standOf(store(), queue)
    const events = Array.from({ length: 1_200 }, (_, index) => queuedEvent(`job-${index}`))
    await other().append(handMade({ queue, version: 0, at, events }))
    let seen = -1
    const answer = await store().turn(queue, 0, ({ missed }) => {
      seen = missed.length
      return null
    })
    // A store without a limit shows everything; one with a limit answers like a version conflict.
    if (answer.ok) assert.equal(seen, 1_200)
    else assert.ok(answer.reason === 'version' && answer.missed[0]?.seq === 1 && seen === -1)
  })

  it('never lets two decide at once', async (queue) => {
    const take = async (own: TurnStore, name: string) => {
      let since = 0
      for (let done = 0; done < 50; ) {
        const answer = await own.turn(queue, since, ({ version, now, missed }) => {
          const at = Math.max(now, (missed.at(-1)?.at ?? 0) + 1)
          return handMade({ queue, version, at, events: [queuedEvent(`${name}-${done}`)] })
        })
        // `clock`: our own last event, which is not among the missed ones, was the later.
        if (answer.ok) done += 1
        else assert.ok(answer.reason === 'clock')
        since = answer.version - 1
      }
    }
    await Promise.all([take(store(), 'left'), take(other(), 'right')])
    const { events } = await store().read(queue, 0, 1_000)
    assert.equal(events.length, 100)
  })
}

/** A store that cannot do it has no `turn` at all, rather than one that fails. */
export function noTurnContract({ it, store }: Bench): void {
  it('has no turns', async () => {
    assert.equal(store().turn, undefined)
  })
}

function turnsOf(store: LogStore): TurnStore {
  const { turn } = store
  assert.ok(turn)
  return { ...store, turn }
}
