import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Policy, type RecordedEvent, replay } from '../../../src/engine/core/index.ts'
import { Auditor, audit } from '../../../src/tools/audit/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { given } from '../../support/scenario.ts'
import { World } from '../../support/simulate.ts'

describe('the audit of every log that the core decides', () => {
  it('finds nothing', () => {
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 150 }), (steps) => {
        const world = new World()
        const auditor = new Auditor()
        for (const step of steps) {
          for (const event of world.play(step).decision.events) auditor.push(event)
        }
        expect(auditor.report().violations).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('finds nothing either when it begins in the middle, with what a snapshot says', () => {
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 150 }), fc.nat(), (steps, cut) => {
        const world = new World()
        const events = steps.flatMap((step) => world.play(step).decision.events)
        const at = cut % (events.length + 1)
        const auditor = new Auditor(replay(events.slice(0, at)))
        for (const event of events.slice(at)) auditor.push(event)
        expect(auditor.report().violations).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('excuses a job that waits for a rate by a start before the rate was changed', () => {
    const queue = given({ maxActive: 1, rate: { c: { starts: 1, perSeconds: 0.01 } } })
    queue.enqueue('first', ['c'])
    queue.claim()
    queue.policy({ rate: { c: { starts: 1, perSeconds: 10 } } })
    queue.enqueue('limited', ['c'], { priority: 1 })
    queue.enqueue('other', ['f'])
    const { said } = queue.complete('first', { claim: { max: 2, kinds: null } })
    expect(said).toEqual(['completed first', 'started other by w1'])
    const auditor = new Auditor()
    for (const event of queue.log) auditor.push(event)
    expect(auditor.report().violations).toEqual([])
  })

  it('excuses a job whose model went, in the same append, to one ahead of it that a rate may have kept back', () => {
    const queue = given({ maxActive: 3, maxOvertakes: null, rate: { b: { starts: 1, perSeconds: 0.01 } } })
    queue.enqueue('limiting', ['b'])
    queue.claim()
    queue.complete('limiting')
    queue.enqueue('J', ['a', 'e'])
    queue.claim()
    queue.later(100)
    queue.enqueue('ahead', ['b', 'e'], { priority: 2 })
    queue.enqueue('next', ['e'], { priority: 1 })
    queue.ask('asked', ['a'], { wait: true })
    const { said } = queue.complete('J', { claim: { max: 1, kinds: null } })
    expect(said).toEqual(['completed J', 'started asked by w1', 'started ahead by w1'])
    const auditor = new Auditor()
    for (const event of queue.log) auditor.push(event)
    expect(auditor.report().violations).toEqual([])
  })

  it('lets a job that may be passed keep its model from those behind it all the same', () => {
    const queue = given({ maxActive: 3, maxOvertakes: 3 })
    queue.enqueue('J', ['d', 'f'])
    queue.claim()
    queue.enqueue('first', ['f'], { priority: 2 })
    queue.enqueue('asked', ['d'])
    queue.enqueue('second', ['f'], { priority: 1 })
    queue.ask('asked', ['d'], { wait: true })
    const { said } = queue.complete('J', { claim: { max: 1, kinds: null } })
    expect(said).toEqual(['completed J', 'started asked by w1', 'started first by w1'])
    for (const at of queue.log.keys()) {
      const auditor = new Auditor(replay(queue.log.slice(0, at)))
      for (const event of queue.log.slice(at)) auditor.push(event)
      expect(auditor.report().violations, `from event ${at}`).toEqual([])
    }
  })

  describe('excuses an offer that a start ended in the append that made it, since it used up a rate', () => {
    const rate = { c: { starts: 1, perSeconds: 1 } }
    const rules = { maxActive: 3, maxOvertakes: 0, capacity: { c: 2 }, rate }
    const found = (log: readonly RecordedEvent[]) => {
      const auditor = new Auditor()
      for (const event of log) auditor.push(event)
      return auditor.report().violations
    }

    it('by a job ahead of it', () => {
      const queue = given(rules)
      queue.enqueue('holder', ['d', 'e'])
      queue.claim()
      queue.enqueue('passed', ['c', 'd'])
      queue.enqueue('asked', ['e'])
      queue.enqueue('taker', ['c'], { priority: 1 })
      queue.ask('asked', ['e'], { wait: true })
      const { said } = queue.complete('holder', { claim: { max: 1, kinds: null } })
      expect(said).toEqual(['completed holder', 'started asked by w1', 'started taker by w1'])
      expect(found(queue.log)).toEqual([])
    })

    it('by a job behind it, of a kind that the claim was for', () => {
      const queue = given(rules)
      queue.enqueue('first', ['d'])
      queue.enqueue('taker', ['c'])
      const claim = { max: 2, kinds: ['normal'] }
      const { said } = queue.enqueue('passed', ['c'], { priority: 2, kind: 'rare' }, { claim })
      expect(said.slice(0, 3)).toEqual(['queued passed', 'started first by w1', 'started taker by w1'])
      expect(found(queue.log)).toEqual([])
    })

    it('and no other', () => {
      const queue = given(rules)
      queue.enqueue('first', ['d'])
      queue.enqueue('taker', ['c'])
      const claim = { max: 2, kinds: ['normal'] }
      queue.enqueue('passed', ['a'], { priority: 2, kind: 'rare' }, { claim })
      const silent = queue.log.map((event) => ({ ...event, offers: [] }))
      expect(found(silent).map(({ rule }) => rule)).toContain('line_order')
    })
  })

  it.each<readonly [string, Partial<Policy>, string, readonly string[]]>([
    ['for a slot', { maxActive: 1 }, 'b', ['l1', 'k3']],
    [
      'and sees that nobody passes one of his key: for a place',
      { capacity: { a: ['p'] } },
      'a',
      ['l1', 'k2', 'k3'],
    ],
  ])('judges nobody who joins a batch by those whose turn it was not, %s', (_, rules, model, started) => {
    const queue = given({ maxActive: null, maxOvertakes: null, weights: { '*': 1 }, ...rules })
    const ofKey = (fairKey: string) => ({ fairKey })
    queue.enqueue('k1', ['a'], ofKey('k'))
    queue.claim()
    queue.enqueue('k2', [model], ofKey('k'))
    queue.enqueue('l1', ['a'], ofKey('l'))
    queue.enqueue('k3', ['a'], ofKey('k'))
    const batches = [{ kind: '*', size: 4 }]
    const { said } = queue.later(1_000).complete('k1', { claim: { max: 1, kinds: null, batches } })
    expect(said).toEqual(['completed k1', ...started.map((jobId) => `started ${jobId} by w1`)])
    expect(audit(queue.log).violations).toEqual([])
    const passing = queue.log.filter((event) => event.type !== 'started' || event.jobId !== 'k2')
    const found = audit(passing).violations.filter(({ rule }) => rule === 'batch')
    expect(found.map(({ jobId }) => jobId)).toEqual(started.length === 3 ? ['k3'] : [])
  })

  it('leaves beside a batch what its jobs do not ask, although the one that joined it last has ended', () => {
    const queue = given({ maxActive: null, capacity: { m: ['p'] }, units: { p: { u: 4 } } })
    const asking = (u: number) => ({ asks: { m: { u } } })
    queue.enqueue('a', ['m'], asking(3))
    queue.enqueue('b', ['m'], asking(3))
    queue.enqueue('c', ['m'], asking(1))
    const batches = [{ kind: '*', size: 2 }]
    queue.send({ type: 'claim' }, { claim: { max: 1, kinds: null, batches } })
    queue.complete('b')
    expect(queue.claim().said).toEqual(['started c by w1'])
    expect(audit(queue.log).violations).toEqual([])
  })

  describe('where a job whose turn it is is about to be cancelled', () => {
    function left(rules: Partial<Policy> = {}) {
      const queue = given({ maxActive: 1, maxOvertakes: null, weights: { '*': 1 }, ...rules })
      const ofKey = (fairKey: string) => ({ fairKey })
      queue.enqueue('k1', ['a'], ofKey('k'))
      queue.claim()
      queue.enqueue('k2', ['a'], ofKey('k'))
      queue.enqueue('l1', ['a'], ofKey('l'))
      queue.enqueue('m1', ['a'], ofKey('m'))
      queue.heldBack.add('l1')
      const { said } = queue.later(1_000).complete('k1', { claim: { max: 1, kinds: null } })
      expect(said).toEqual(['completed k1', 'started m1 by w1'])
      return queue
    }

    it('blames nobody who has the turn in its place, also where others are ahead in line', () => {
      const queue = left()
      expect(audit(queue.log).violations).toEqual([])
      queue.cancel('l1')
      expect(audit(queue.log).violations).toEqual([])
    })

    it('blames who passes others without a turn, where nobody is left out', () => {
      const log = left().log.filter((event) => !('jobId' in event) || event.jobId !== 'l1')
      const found = audit(log).violations.filter(({ rule }) => rule !== 'sequence')
      expect(found).toMatchObject([{ rule: 'line_order', jobId: 'm1' }])
    })
  })

  it('takes jobs for alike that name what they use in another order, as the queue does', () => {
    const queue = given({ maxActive: null, maxOvertakes: 1, weights: { '*': 1 } })
    const ofKey = (fairKey: string, uses = {}) => ({ fairKey, uses })
    queue.enqueue('k0', ['a'], ofKey('k'))
    queue.claim()
    queue.enqueue('k1', ['a'], ofKey('k', { x: 1, y: 1 }))
    queue.enqueue('k2', ['a'], ofKey('k', { y: 1, x: 1 }))
    for (const jobId of ['l1', 'l2']) queue.enqueue(jobId, ['a'], ofKey('l'))
    const next = (jobId: string) =>
      queue
        .later(1_000)
        .complete(jobId, { claim: { max: 1, kinds: null } })
        .said.at(-1)
    expect(next('k0')).toBe('started l1 by w1')
    expect(next('l1')).toBe('started k1 by w1')
    expect(next('k1')).toBe('started l2 by w1')
    expect(audit(queue.log).violations).toEqual([])
  })

  it('excuses a turn of a key whose tier is kept for a job that was passed often enough', () => {
    const queue = given({
      maxActive: null,
      maxOvertakes: 1,
      weights: { '*': 1 },
      tiers: { f: { maxActive: null, maxTogether: 1 } },
    })
    const ofKey = (fairKey: string) => ({ fairKey })
    queue.enqueue('x1', ['a', 'c'], ofKey('f/x'))
    queue.claim()
    queue.enqueue('x2', ['b'], ofKey('f/x'))
    queue.enqueue('o1', ['b'], ofKey('o'))
    queue.claim()
    queue.enqueue('y1', ['d'], ofKey('f/y'))
    queue.later(1_000).complete('o1')
    const { said } = queue.complete('x1', { claim: { max: 1, kinds: null } })
    expect(said).toEqual(['completed x1', 'started x2 by w1'])
    expect(audit(queue.log).violations).toEqual([])
  })
})
