import { describe, expect, it } from 'vitest'
import { given } from '../../support/scenario.ts'

const everybody = { max: 9, kinds: null }

describe('a waiting job starts', () => {
  it('when each of its models has a place, all at once or none', () => {
    const queue = given({ maxActive: null, capacity: { a: 2 } })
    queue.enqueue('A', ['a'])
    queue.enqueue('AB', ['a', 'b'])
    queue.enqueue('B', ['b'])
    queue.claim(9)
    expect(queue.running()).toEqual(['A', 'AB'])
    expect(queue.complete('A').said).toEqual(['completed A'])
    expect(queue.complete('AB').said).toEqual(['completed AB, offers B'])
  })

  it('when fewer than maxActive are active', () => {
    const queue = given({ maxActive: 2 })
    for (const model of ['a', 'b', 'c']) queue.enqueue(model, [model])
    queue.claim(9)
    expect(queue.running()).toEqual(['a', 'b'])
    expect(queue.complete('b', { claim: everybody }).said).toEqual(['completed b', 'started c by w1'])
  })

  it('whatever waits on other models, however long that line is', () => {
    const queue = given({ maxActive: null })
    for (let i = 0; i < 200; i++) queue.enqueue(`x${i}`, ['x'])
    expect(queue.enqueue('Y', ['y'], {}, { claim: everybody }).said).toContain('started Y by w1')
  })

  it('only once the queue is open', () => {
    const queue = given()
    queue.send({ type: 'drain' })
    expect(queue.enqueue('A', ['a'], {}, { claim: everybody }).said).toEqual(['queued A', 'blocked A'])
    expect(queue.send({ type: 'resume' }).said).toEqual(['resumed, offers A'])
  })

  it('only once it is due, and reserves nothing before', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['a'], { runAt: queue.now + 1_000_000 })
    expect(queue.enqueue('B', ['a'], {}, { claim: everybody }).said).toContain('started B by w1')
    queue.complete('B')
    expect(queue.send({ type: 'tick' }).said).toEqual([])
    expect(queue.later(1_000).send({ type: 'tick' }).said).toEqual(['due A, offers A'])
  })
})

describe('maxOvertakes', () => {
  /** `AB` waits for `a`; three jobs behind it want only `b`, which is free. */
  function behindAB(maxOvertakes: number | null) {
    const queue = given({ maxActive: null, maxOvertakes })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('AB', ['a', 'b'])
    const startsOf = (id: string) => {
      queue.enqueue(id, ['b'], {}, { claim: everybody })
      const started = queue.job(id)?.active === true
      if (started) queue.complete(id)
      else queue.cancel(id)
      return started
    }
    return { queue, started: ['B1', 'B2', 'B3'].map(startsOf) }
  }

  it('0: the order on a model is that of the line', () => {
    expect(behindAB(0).started).toEqual([false, false, false])
  })

  it('k: after k overtakings a job reserves its models', () => {
    const { queue, started } = behindAB(2)
    expect(started).toEqual([true, true, false])
    expect(queue.complete('A').said).toEqual(['completed A, offers AB'])
  })

  it('null: nobody reserves', () => {
    expect(behindAB(null).started).toEqual([true, true, true])
  })

  it('counts only jobs that share a model', () => {
    const queue = given({ maxActive: null, maxOvertakes: 1 })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('AB', ['a', 'b'])
    queue.enqueue('C', ['c'], {}, { claim: everybody })
    expect(queue.job('AB')?.overtaken).toBe(0)
  })

  it('counts for good: a job that failed and waits again has not lost its turn', () => {
    const queue = given({ maxActive: null, maxOvertakes: 1 })
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('AB', ['a', 'b'])
    queue.enqueue('B', ['b'], {}, { claim: everybody })
    queue.complete('B')
    queue.complete('A', { claim: everybody })
    queue.fail('AB', 0)
    expect(queue.job('AB')?.overtaken).toBe(1)
  })
})

describe('a changed policy', () => {
  it('holds back new starts and takes no lease away', () => {
    const queue = given({ maxActive: null, capacity: { a: 3 } })
    for (const id of ['A', 'B', 'C', 'D']) queue.enqueue(id, ['a'], {}, { claim: everybody })
    queue.policy({ capacity: {} })
    expect(queue.running()).toEqual(['A', 'B', 'C'])
    queue.complete('A')
    expect(queue.complete('B', { claim: everybody }).said).toEqual(['completed B'])
    expect(queue.complete('C', { claim: everybody }).said).toEqual(['completed C', 'started D by w1'])
  })

  it('lets start at once what it makes room for', () => {
    const queue = given()
    queue.enqueue('A', ['a'], {}, { claim: everybody })
    queue.enqueue('B', ['b'])
    expect(queue.policy({ maxActive: null }).said).toEqual(['policy_changed, offers B'])
  })

  it('that is none changes nothing', () => {
    const queue = given({ capacity: { a: 2 } })
    expect(queue.policy({ capacity: { a: 2 } })).toMatchObject({ said: [], result: { changed: false } })
  })
})
