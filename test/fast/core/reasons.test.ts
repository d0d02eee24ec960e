import { describe, expect, it } from 'vitest'
import { type CommandBody, defaultPolicy } from '../../../src/engine/core/index.ts'
import { given } from '../../support/scenario.ts'

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

  it('is not being due, before its models (not_due)', () => {
    const queue = crowded()
    queue.enqueue('late', ['a'], { runAt: queue.now + 1_000_000 })
    expect(queue.reason('late')).toBe('not_due')
  })

  it('is a held model, before the line (model_in_use)', () => {
    const queue = crowded()
    queue.enqueue('CA', ['c', 'a'])
    expect(queue.reason('CA')).toBe('model_in_use')
  })

  it('is the line, before a slot (behind_in_line)', () => {
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

  it('is a worker, for a job that may start: none for its kind, or none has taken it yet (no_worker)', () => {
    const queue = given()
    queue.enqueue('A', ['a'])
    expect(queue.reason('A', () => false)).toBe('no_worker')
    expect(queue.reason('A', () => true)).toBe('offered')
    expect(queue.blockedBy('A')).toBe(null)
  })
})

/** What was true of a job at some time says nothing of it now: the same code, whichever came first. */
describe('the reason of a job that stands in no line', () => {
  const uses = { tpm: { limit: 10, perSeconds: 60 } }
  const pause = { type: 'pause_model', model: 'a', reason: 'broken', until: null } as const
  const served = { claim: { max: 0, kinds: null, serves: ['elsewhere'] } }
  const capacity = { a: ['p', 'q'] }
  const limited = { type: 'set_policy', policy: { ...defaultPolicy, capacity, uses } } as const

  it.each([
    ['asks for more than there ever is', 'use_over_limit', limited],
    ['has places that nobody serves', 'no_worker', { type: 'claim' }],
  ] as const)('is a pause, before and after it %s', (_, code, body) => {
    const told = (bodies: readonly CommandBody[]) => {
      const queue = given({ capacity })
      queue.enqueue('R', ['r'], {}, { claim: everybody })
      queue.enqueue('J', ['a'], { uses: { tpm: 11 } })
      for (const each of bodies) queue.send(each, served)
      const { blocked_on, conflict_reason } = queue.row('J') ?? {}
      const paused = [queue.reason('J'), blocked_on, conflict_reason]
      queue.send({ type: 'resume_model', model: 'a' })
      return [paused, queue.reason('J')]
    }
    expect(told([body, pause])).toEqual([['model_paused', 'a', 'model a is paused'], code])
    expect(told([pause, body])).toEqual(told([body, pause]))
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

  it('is the job that passed an offered job before that one started', () => {
    for (const maxOvertakes of [0, 1, null]) {
      const queue = given({ maxActive: null, maxOvertakes })
      queue.enqueue('r1', ['m'])
      queue.enqueue('r2', ['m'], { priority: 5 })
      expect(queue.told('r1')).toMatchObject({
        code: 'behind_in_line',
        blockedBy: 'r2',
        reason: 'it waits in line for model m, behind job r2',
      })
      expect(queue.explain('r1')).toMatchObject({ blockedBy: 'r2', chain: ['r2'] })
      // Where jobs may overtake, the row knows the line only, and an offered job may start in it.
      expect(queue.blockedBy('r1')).toBe(maxOvertakes === 0 ? 'r2' : null)
    }
  })

  it('is nobody for a job that waits for a rate, whatever runs on other models', () => {
    const queue = given({ maxActive: null, rate: { m: { starts: 1, perSeconds: 60 } } })
    queue.enqueue('first', ['m'], {}, { claim: everybody })
    queue.complete('first')
    queue.enqueue('limited', ['m'])
    queue.enqueue('k1', ['k'], {}, { claim: everybody })
    expect(queue.told('limited')).toMatchObject({ code: 'rate_limited', blockedBy: null })
    expect(queue.row('limited')).toMatchObject({
      blocked_by_job_id: null,
      conflict_reason: 'model m has a rate, and the job starts when that allows it',
    })
    queue.policy({ rate: {} })
    expect(queue.row('limited')?.conflict_reason).toBe(null)
  })
})

describe('the rows that a changed policy writes', () => {
  it.each([
    ['a rate', { rate: { a: { starts: 1, perSeconds: 9 } } }, 'model a has a rate'],
    [
      'a share',
      { fairShare: { spacingSeconds: 0, maxWaiting: null, maxActive: 2 } },
      'its fair key has a share',
    ],
    ['a share of a tier', { tiers: { t: { maxActive: null, maxTogether: 2 } } }, 'its tier has a share of 2'],
    [
      'a share in a tier',
      { tiers: { t: { maxActive: 2, maxTogether: null } } },
      'its fair key has a share of 2',
    ],
    ['a limit of slots', { maxActive: 3 }, 'waits for a slot, behind job B'],
  ])('say that there is %s now, and no more once it is taken back', (_, rule, text) => {
    const queue = given({ maxActive: null })
    queue.enqueue('A', ['a'], { fairKey: 't/k' })
    queue.enqueue('B', ['b', 'a'], { fairKey: 't/k' })
    queue.enqueue('C', ['c'], { fairKey: 't/k' })
    queue.send({ type: 'drain' })
    const open = queue.rows()
    queue.policy(rule)
    expect(queue.written).toEqual(queue.rows())
    expect(JSON.stringify(queue.rows())).toContain(text)
    queue.policy({ rate: {}, fairShare: null, tiers: {}, maxActive: null })
    expect(queue.written).toEqual(queue.rows())
    expect(queue.rows()).toEqual(open)
  })
})
