import { describe, expect, it } from 'vitest'
import { nextOpeningAt } from '../../../src/engine/core/index.ts'
import { given, type Scenario, waitingIn } from '../../support/scenario.ts'

const one = { max: 1, kinds: null }
const tick = { type: 'tick' } as const
const twoPerSecond = { maxActive: null, capacity: { a: 9 }, rate: { a: { starts: 2, perSeconds: 1 } } }

/** Jobs of one model, each started as it comes if that is allowed. */
function started(queue: Scenario, ...jobIds: readonly string[]): readonly boolean[] {
  return jobIds.map((jobId) => {
    queue.enqueue(jobId, ['a'], {}, { claim: one })
    return queue.job(jobId)?.active === true
  })
}

describe('a rate', () => {
  it('allows so many starts in any window, wherever it begins', () => {
    const queue = given(twoPerSecond)
    expect(started(queue, 'A')).toEqual([true])
    expect(started(queue.later(600), 'B')).toEqual([true])
    expect(started(queue.later(390), 'C')).toEqual([false])
    expect(queue.later(11).claim(9).said).toEqual(['started C by w1'])
    expect(started(queue.later(10), 'D')).toEqual([false])
  })

  it('counts starts, whether or not they have ended', () => {
    const queue = given(twoPerSecond)
    started(queue, 'A', 'B')
    queue.complete('A')
    queue.complete('B')
    expect(started(queue, 'C')).toEqual([false])
  })

  it('says which model, and when it may be started from again (rate_limited)', () => {
    const queue = given(twoPerSecond)
    started(queue, 'A', 'B')
    const { result } = queue.enqueue('C', ['a'])
    const until = (queue.job('A')?.startedAt ?? 0) + 1_000_001
    const at = new Date(until / 1_000).toISOString()
    expect(result.ok && result.waiting).toEqual([
      {
        jobId: 'C',
        code: 'rate_limited',
        reason: `model a has reached its rate, and may be started from again at ${at}`,
        blockedBy: null,
        until,
      },
    ])
    expect(nextOpeningAt(queue.ledger, 0)).toBe(until)
    expect(nextOpeningAt(queue.ledger, until)).toBe(undefined)
  })

  it('starts for its asker what waited for it when its window opens, by a tick', () => {
    const queue = given(twoPerSecond)
    started(queue, 'A', 'B')
    queue.ask('C', ['a'], { wait: true, worker: 'w2' })
    expect(queue.later(1_000).send(tick).said).toEqual([])
    expect(queue.later(1).send(tick).said).toEqual(['started C by w2'])
  })

  it('keeps the other models of a job at their place in line, and lets everybody else flow', () => {
    const queue = given(twoPerSecond)
    started(queue, 'A', 'B')
    expect(waitingIn(queue.enqueue('AB', ['a', 'b']))).toEqual(['AB: rate_limited, null'])
    expect(waitingIn(queue.enqueue('behind', ['b'], {}, { claim: one }))).toEqual([
      'behind: behind_in_line, AB',
    ])
    expect(queue.enqueue('C', ['c'], {}, { claim: one }).said).toEqual(['queued C', 'started C by w1'])
  })

  it('ends the offers of those that it keeps from starting', () => {
    const queue = given({ ...twoPerSecond, rate: { a: { starts: 1, perSeconds: 1 } } })
    queue.enqueue('A', ['a'])
    queue.enqueue('B', ['a'])
    expect(queue.offered()).toEqual(['A', 'B'])
    queue.claim(1)
    expect([queue.offered(), queue.reason('B')]).toEqual([[], 'rate_limited'])
  })

  it('that is lowered counts what was started before; one that is taken away forgets it', () => {
    const queue = given(twoPerSecond)
    started(queue, 'A', 'B')
    queue.policy({ rate: { a: { starts: 1, perSeconds: 10 } } })
    expect(started(queue.later(9_000), 'C')).toEqual([false])
    queue.policy({ rate: {} })
    expect(queue.offered()).toEqual(['C'])
    expect(nextOpeningAt(queue.ledger, 0)).toBe(undefined)
  })

  it('holds in every mode of overtaking', () => {
    for (const maxOvertakes of [1, null]) {
      const queue = given({ ...twoPerSecond, maxOvertakes })
      expect(started(queue, 'A', 'B', 'C')).toEqual([true, true, false])
      expect(queue.later(1_001).claim(9).said).toEqual(['started C by w1'])
    }
  })
})
