import { describe, expect, it } from 'vitest'
import { evolve, type RecordedEvent, replay } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const byModel = { maxActive: null }

/** A worker that takes several jobs at once claims. @returns the batches that start, each as the ids of its jobs */
function claim(queue: Scenario, { size = 8, max = 1, worker = 'w1' } = {}): readonly (readonly string[])[] {
  const claimed = { max, kinds: null, batches: [{ kind: '*', size }] }
  return batchesIn(queue.send({ type: 'claim' }, { worker, claim: claimed }).events)
}

function batchesIn(events: readonly RecordedEvent[]): readonly (readonly string[])[] {
  const starts = events.flatMap((event) => (event.type === 'started' ? [event] : []))
  return [...Map.groupBy(starts, ({ batch, seq }) => batch ?? seq).values()].map((group) =>
    group.map(({ jobId }) => jobId),
  )
}

function enqueue(queue: Scenario, ids: string, models: readonly string[] = ['m'], rest: object = {}): void {
  for (const jobId of ids) queue.enqueue(jobId, models, rest)
}

describe('a batch', () => {
  it('is the next jobs of one kind and one set of models, and each start names it', () => {
    const queue = given(byModel)
    enqueue(queue, 'abc')
    const claimed = { max: 1, kinds: null, batches: [{ kind: 'normal', size: 2 }] }
    const { events, result } = queue.send({ type: 'claim' }, { claim: claimed })
    const token = queue.job('a')?.token
    expect(events).toMatchObject([
      { type: 'started', jobId: 'a', seq: token, batch: token },
      { type: 'started', jobId: 'b', batch: token },
    ])
    expect(result).toMatchObject({ started: [{ batch: token }, { batch: token }] })
    expect(queue.job('c')?.active).toBe(false)
  })

  it('holds its models once, until the last of it has ended', () => {
    const queue = given(byModel)
    enqueue(queue, 'abcd')
    expect(claim(queue, { size: 3, max: 5 })).toEqual([['a', 'b', 'c']])
    expect(queue.blockedBy('d')).toBe('a')
    queue.complete('a')
    expect(queue.blockedBy('d')).toBe('b')
    queue.complete('c')
    expect(queue.reason('d')).toBe('model_in_use')
    expect(queue.complete('b').said).toEqual(['completed b, offers d'])
  })

  it('takes one slot, and one place of what a claim names', () => {
    const queue = given({ maxActive: 2 })
    enqueue(queue, 'ab')
    enqueue(queue, 'xy', ['n'])
    enqueue(queue, 'z', ['o'])
    expect(claim(queue, { max: 2 })).toEqual([
      ['a', 'b'],
      ['x', 'y'],
    ])
    expect(queue.reason('z')).toBe('at_capacity')
    for (const jobId of 'ab') queue.complete(jobId)
    expect(queue.offered()).toEqual(['z'])
  })

  it('needs the same set, in whatever order it is named', () => {
    const queue = given(byModel)
    queue.enqueue('a', ['m', 'n'])
    queue.enqueue('b', ['n', 'm'])
    queue.enqueue('c', ['m'])
    expect(claim(queue)).toEqual([['a', 'b']])
  })

  it('passes nobody on a model in strict order, and not in the line of the whole queue where that limits slots', () => {
    const other = given(byModel)
    enqueue(other, 'a')
    enqueue(other, 'x', ['m'], { kind: 'other' })
    enqueue(other, 'b')
    expect(claim(other)).toEqual([['a']])

    const serial = given({ maxActive: 1 })
    enqueue(serial, 'a')
    enqueue(serial, 'x', ['n'])
    enqueue(serial, 'b')
    expect(claim(serial)).toEqual([['a']])

    const apart = given(byModel)
    enqueue(apart, 'a')
    enqueue(apart, 'x', ['n'])
    enqueue(apart, 'b')
    expect(claim(apart)).toEqual([['a', 'b']])
  })

  it('passes a job that lacks another model, as often as that may be overtaken', () => {
    const queue = given({ maxActive: null, maxOvertakes: 2 })
    enqueue(queue, 'x', ['n'])
    claim(queue, { size: 1 })
    enqueue(queue, 'a')
    queue.enqueue('y', ['m', 'n'])
    enqueue(queue, 'bcd')
    expect(claim(queue)).toEqual([['a', 'b', 'c']])
    expect(queue.job('y')?.overtaken).toBe(2)
  })

  it('is closed by a job that would start next if it ended now', () => {
    const queue = given({ maxActive: null, maxOvertakes: null })
    enqueue(queue, 'a')
    enqueue(queue, 'x', ['m'], { kind: 'other' })
    enqueue(queue, 'b')
    expect(claim(queue)).toEqual([['a']])
  })

  it('counts each job for rates and for the share of its customer', () => {
    const rated = given({ maxActive: null, rate: { m: { starts: 3, perSeconds: 60 } } })
    enqueue(rated, 'abcd')
    expect(claim(rated)).toEqual([['a', 'b', 'c']])
    for (const jobId of 'abc') rated.complete(jobId)
    expect(rated.reason('d')).toBe('rate_limited')

    const shared = given({
      maxActive: null,
      fairShare: { maxActive: 2, maxWaiting: null, spacingSeconds: 0 },
    })
    enqueue(shared, 'abc', ['m'], { fairKey: 'ada' })
    expect(claim(shared)).toEqual([['a', 'b']])
  })

  it('makes two where a model has two places, and a place that a member kept goes to the next', () => {
    const queue = given({ maxActive: null, capacity: { m: 2 } })
    enqueue(queue, 'abc')
    enqueue(queue, 'x', ['m'], { kind: 'other' })
    expect(claim(queue, { size: 2, max: 2 })).toEqual([['a', 'b'], ['c']])
    expect(queue.reason('x')).toBe('model_in_use')
  })

  it('leaves a job to the process that waits for it', () => {
    const queue = given(byModel)
    enqueue(queue, 'a')
    queue.ask('b', ['m'], { wait: true, worker: 'w2' })
    enqueue(queue, 'c')
    expect(claim(queue)).toEqual([['a']])
    expect(queue.complete('a').said).toEqual(['completed a', 'started b by w2'])
  })

  it('passes no job that another process waits for, in strict order where the model has two places, too', () => {
    const queue = given({ maxActive: null, maxOvertakes: 0, capacity: { m: 2 } })
    enqueue(queue, 'ab')
    queue.ask('w', ['m'], { wait: true, worker: 'w2' })
    enqueue(queue, 'c')
    expect(claim(queue)).toEqual([['a', 'b'], ['w']])
    expect(queue.job('c')?.active).toBe(false)
  })

  it('takes jobs without models too: they hold nothing', () => {
    const queue = given(byModel)
    enqueue(queue, 'abc', [])
    expect(claim(queue, { size: 2, max: 2 })).toEqual([['a', 'b'], ['c']])
  })

  it('without models passes those who wait for a slot, which it leaves to nobody', () => {
    const queue = given({ maxActive: 1, emptySet: 'bypass' })
    enqueue(queue, 'a')
    expect(claim(queue)).toEqual([['a']])
    enqueue(queue, 'x', [])
    enqueue(queue, 'b', ['n'])
    enqueue(queue, 'y', [])
    expect(claim(queue)).toEqual([['x', 'y']])
  })

  it('has members of which each ends by itself: one that fails waits for another attempt of its own', () => {
    const queue = given(byModel)
    enqueue(queue, 'abc')
    claim(queue)
    expect(queue.fail('a', 0).said).toEqual(['failed a', 'requeued a'])
    queue.cancel('b')
    expect(queue.job('b')?.active).toBe(true)
    expect(queue.complete('c').said).toEqual(['completed c'])
    expect(queue.reason('a')).toBe('model_in_use')
    queue.cancel('b', true)
    expect(queue.offered()).toEqual(['a'])
  })

  it('has nobody who has failed before: that one starts alone, so that it takes no others with it again', () => {
    const queue = given(byModel)
    enqueue(queue, 'abcd')
    claim(queue, { size: 2 })
    queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: queue.now })
    const batches = [1, 2, 3].map(() => {
      const [batch = []] = claim(queue)
      for (const jobId of batch) queue.complete(jobId)
      return batch
    })
    expect(batches).toEqual([['a'], ['b'], ['c', 'd']])
  })

  it('loses all its members with the lease of their process', () => {
    const queue = given(byModel)
    enqueue(queue, 'ab')
    claim(queue)
    const { said } = queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: queue.now })
    expect(said).toEqual(['lease_expired a', 'requeued a', 'lease_expired b', 'requeued b, offers a'])
    expect(queue.ledger.slots.size + queue.ledger.batches.size).toBe(0)
  })

  it('is drained when the last of it has ended', () => {
    const queue = given(byModel)
    enqueue(queue, 'ab')
    claim(queue)
    queue.send({ type: 'drain' })
    expect(queue.complete('a').said).toEqual(['completed a'])
    expect(queue.complete('b').said).toEqual(['completed b', 'drained'])
  })

  it('is named by the reason of each job in it, with how many others there are', () => {
    const queue = given(byModel)
    enqueue(queue, 'abc')
    claim(queue)
    const token = queue.job('a')?.token
    expect(queue.explain('b')?.reason).toBe(
      `it runs in worker w1, attempt 1 of 3, in batch ${token} with 2 others`,
    )
    queue.complete('c')
    expect(queue.explain('a')?.reason).toContain(`in batch ${token} with another job`)
    expect(queue.explain('b')?.models[0]?.holders).toEqual(['a'])
  })

  it('takes part of 1,000 jobs at most, which one command starts in batches', () => {
    const queue = given(byModel)
    for (let i = 0; i < 1_200; i++) queue.enqueue(`j${i}`, [])
    expect(claim(queue, { size: 600, max: 2 }).map(({ length }) => length)).toEqual([600, 400])
  })
})

describe('a batch on a model with places', () => {
  const cards = { maxActive: null, capacity: { m: ['p', 'q'], n: ['q', 'r'] } }
  const where = (queue: Scenario) =>
    Object.fromEntries(queue.running().map((jobId) => [jobId, queue.job(jobId)?.places]))

  it('is in one place, which each start names', () => {
    const queue = given(cards)
    enqueue(queue, 'abc')
    const { events, result } = queue.send(
      { type: 'claim' },
      { claim: { max: 1, kinds: null, batches: [{ kind: '*', size: 2 }] } },
    )
    const places = { m: 'p' }
    expect(events).toMatchObject([
      { type: 'started', jobId: 'a', places },
      { type: 'started', jobId: 'b', places },
    ])
    expect(result).toMatchObject({ started: [{ lease: { places } }, { lease: { places } }] })
    expect(queue.row('b')).toMatchObject({ places })
    expect(queue.explain('b')?.reason).toContain('it runs in worker w1 on p, attempt 1 of 3, in batch')
    expect(queue.offered()).toEqual(['c'])
    expect(queue.claim().said).toEqual(['started c by w1'])
    expect(where(queue)).toEqual({ a: places, b: places, c: { m: 'q' } })
  })

  it('keeps its place until the last of it has ended, in whatever order they end', () => {
    const queue = given({ maxActive: null, capacity: { m: ['p'], n: ['p'] } })
    enqueue(queue, 'abc')
    queue.enqueue('x', ['n'], { kind: 'other' })
    expect(claim(queue)).toEqual([['a', 'b', 'c']])
    expect(queue.blockedBy('x')).toBe('a')
    queue.complete('a')
    expect(queue.blockedBy('x')).toBe('b')
    expect(queue.explain('x')?.models[0]?.holders).toEqual(['b'])
    queue.complete('c')
    expect(queue.reason('x')).toBe('model_in_use')
    expect(queue.complete('b').said).toEqual(['completed b, offers x'])
    expect(replay(queue.log)).toEqual(queue.ledger)
  })

  it('takes jobs that are pinned elsewhere: what they kept there goes to the next', () => {
    const queue = given(cards)
    enqueue(queue, 'abc')
    queue.enqueue('x', ['m'], { kind: 'other' })
    expect(queue.job('b')?.places).toEqual({ m: 'q' })
    expect(claim(queue)).toEqual([['a', 'b', 'c']])
    expect(queue.claim().said).toEqual(['started x by w1'])
    expect(where(queue)).toEqual({ a: { m: 'p' }, b: { m: 'p' }, c: { m: 'p' }, x: { m: 'q' } })
  })

  it('is closed by a job of another model that would be given its place', () => {
    const queue = given({ maxActive: null, capacity: { m: ['p'], n: ['p'] } })
    enqueue(queue, 'a')
    queue.enqueue('x', ['n'])
    enqueue(queue, 'b')
    expect(claim(queue)).toEqual([['a']])
    expect(queue.complete('a').said).toEqual(['completed a, offers x'])
  })

  it('takes nobody to a place that is kept for a job ahead of that one', () => {
    const queue = given({ ...cards, capacity: { m: ['p', 'q'] } })
    queue.enqueue('z', ['z'])
    claim(queue)
    enqueue(queue, 'ac')
    queue.enqueue('x', ['m', 'z'])
    enqueue(queue, 'b')
    queue.cancel('c')
    expect(queue.job('x')?.places).toEqual({ m: 'p' })
    expect(claim(queue, { max: 2 })).toEqual([['a'], ['b']])
    expect(where(queue)).toEqual({ z: null, a: { m: 'p' }, b: { m: 'q' } })
  })

  it('has members that fail alone, and start alone in whichever place is free', () => {
    const queue = given(cards)
    enqueue(queue, 'abc')
    claim(queue)
    expect(queue.fail('a', 0).said).toEqual(['failed a', 'requeued a, offers a'])
    expect(claim(queue)).toEqual([['a']])
    expect(where(queue)).toEqual({ a: { m: 'q' }, b: { m: 'p' }, c: { m: 'p' } })
    for (const jobId of 'abc') queue.complete(jobId)
    expect([...queue.ledger.models]).toEqual([])
    expect(audit(queue.log).violations).toEqual([])
  })

  it('is one holder still when its model has other places', () => {
    const queue = given(cards)
    enqueue(queue, 'abc')
    claim(queue)
    queue.policy({ capacity: { m: ['s', 't'] } })
    enqueue(queue, 'd')
    expect(claim(queue)).toEqual([['d']])
    queue.complete('a')
    enqueue(queue, 'e')
    expect(queue.reason('e')).toBe('model_in_use')
    queue.complete('c')
    expect(queue.complete('b').said).toEqual(['completed b, offers e'])
    expect(replay(queue.log)).toEqual(queue.ledger)
  })

  it.each([
    ['in another place', { m: 'q' }, 'has its models in other places'],
    ['in no place', undefined, 'has its models in other places'],
  ])('cannot have a member that starts %s', (_, places, message) => {
    const queue = given(cards)
    enqueue(queue, 'ab')
    claim(queue)
    const at = queue.log.findLastIndex(({ type }) => type === 'started')
    const forged = { ...queue.log[at], places } as RecordedEvent
    expect(() => evolve(replay(queue.log.slice(0, at)), forged)).toThrow(message)
  })
})

describe('a log with a batch', () => {
  const ran = () => {
    const queue = given(byModel)
    enqueue(queue, 'ab')
    claim(queue)
    queue.complete('a')
    queue.complete('b')
    return queue
  }

  it('is good by the audit, and is folded to the same ledger', () => {
    const { log, ledger } = ran()
    expect(audit(log).violations).toEqual([])
    expect(replay(log)).toEqual(ledger)
  })

  it.each([
    ['other models', { models: ['n'] }, 'was queued with other models'],
    ['another worker', { workerId: 'w2' }, 'has jobs of another kind, other models or another worker'],
  ])('in which one starts with %s is not replayed', (_, change, message) => {
    const { log } = ran()
    const at = log.findLastIndex(({ type }) => type === 'started')
    const forged = { ...log[at], ...change } as RecordedEvent
    expect(() => evolve(replay(log.slice(0, at)), forged)).toThrow(message)
  })
})
