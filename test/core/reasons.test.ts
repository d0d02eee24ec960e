import { describe, expect, it } from 'vitest'
import { given } from '../support/scenario.ts'

const everybody = { max: 9, kinds: null }

/** By precedence: each case still has the reasons of those below it. */
describe('the reason why a job waits', () => {
  function crowded() {
    const queue = given({ maxActive: 2 })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('B', ['b'], {}, { claim: everybody })
    queue.enqueue('AC', ['a', 'c'])
    return queue
  }

  it('is the drain, before all else', () => {
    const queue = crowded()
    queue.enqueue('late', ['a'], { runAt: queue.now + 1_000_000 })
    queue.send({ type: 'drain' })
    expect([queue.reason('late'), queue.reason('AC')]).toEqual(['draining', 'draining'])
  })

  it('is not being due, before its models', () => {
    const queue = crowded()
    queue.enqueue('late', ['a'], { runAt: queue.now + 1_000_000 })
    expect(queue.reason('late')).toBe('not_due')
  })

  it('is a held model, before the line', () => {
    const queue = crowded()
    queue.enqueue('CA', ['c', 'a'])
    expect(queue.reason('CA')).toBe('model_in_use')
  })

  it('is the line, before a slot', () => {
    const queue = crowded()
    queue.enqueue('C', ['c'])
    expect([queue.reason('C'), queue.blockedBy('C')]).toEqual(['behind_in_line', 'AC'])
  })

  it('is a slot: serialized with one, at_capacity with more', () => {
    const queue = crowded()
    queue.enqueue('D', ['d'])
    expect(queue.reason('D')).toBe('at_capacity')
    queue.policy({ maxActive: 1 })
    expect(queue.reason('D')).toBe('serialized')
  })

  it('is a worker, for a job that may start: none for its kind, or none has taken it yet', () => {
    const queue = given()
    queue.enqueue('A', ['a'])
    expect(queue.reason('A', () => false)).toBe('no_worker')
    expect(queue.reason('A', () => true)).toBe('offered')
    expect(queue.blockedBy('A')).toBe(null)
  })
})

describe('the blocker', () => {
  it('is the nearest ahead in line, not the one that holds the model', () => {
    const queue = given({ maxActive: null })
    for (const id of ['A', 'B', 'C']) queue.enqueue(id, ['m'], {}, { claim: everybody })
    expect([queue.blockedBy('A'), queue.blockedBy('B'), queue.blockedBy('C')]).toEqual([null, 'A', 'B'])
    queue.cancel('B')
    expect(queue.blockedBy('C')).toBe('A')
  })

  it('is of the first model, in the order of the job, that is not free', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('B', ['b'], {}, { claim: everybody })
    queue.enqueue('BA', ['b', 'a'])
    expect(queue.blockedBy('BA')).toBe('B')
    queue.complete('B')
    expect(queue.blockedBy('BA')).toBe('A')
  })

  it('is never a job that uses no slot', () => {
    const queue = given()
    queue.enqueue('none', [], {}, { claim: everybody })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('B', ['b'], { priority: 1 })
    expect(queue.running()).toEqual(['none', 'A'])
    expect(queue.blockedBy('B')).toBe('A')
  })
})
