import { describe, expect, it } from 'vitest'
import { evolve } from '../../../src/engine/core/index.ts'
import { fits } from '../../../src/engine/core/values/pattern.ts'
import { codeOf, given, type Scenario } from '../../support/scenario.ts'

const cards = { flux: ['host1:0', 'host1:1', 'host2:0'], motion: ['host2:0'] }
const rules = { maxActive: null, capacity: cards }

/** The process claims, and says what it serves. */
const claim = (queue: Scenario, worker: string, serves?: readonly string[], max = 1) =>
  queue.send({ type: 'claim' }, { worker, claim: { max, kinds: null, ...(serves && { serves }) } })
const leave = (queue: Scenario, worker: string) => queue.send({ type: 'leave' }, { worker })
const expire = (queue: Scenario, ...workerIds: string[]) =>
  queue.send({ type: 'expire_leases', workerIds, retryAt: 0 })

/** Who runs where, in which process. */
const running = (queue: Scenario) =>
  queue
    .running()
    .map((jobId) => [jobId, queue.job(jobId)?.workerId, ...Object.values(queue.job(jobId)?.places ?? {})])

describe('a process that says what it serves', () => {
  it('says so once, with a claim, and again when that changes', () => {
    const queue = given(rules)
    expect(claim(queue, 'w1', ['host1:*']).events).toMatchObject([
      { type: 'worker_serves', workerId: 'w1', places: ['host1:*'] },
    ])
    expect(claim(queue, 'w1', ['host1:*']).events).toEqual([])
    expect(claim(queue, 'w1', ['host1:0']).events).toHaveLength(1)
    expect(queue.ledger.servers).toEqual([{ worker: 'w1', places: ['host1:0'] }])
  })

  it('is given a place that it serves, wherever the job was pinned to', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:*'])
    claim(queue, 'w2', ['host2:*'])
    queue.enqueue('1', ['flux'])
    expect(queue.job('1')?.places).toEqual({ flux: 'host1:0' })
    claim(queue, 'w2')
    expect(running(queue)).toEqual([['1', 'w2', 'host2:0']])
  })

  it('is given no other one: the job stays for who serves its place', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:*'])
    claim(queue, 'w2', ['host2:*'])
    queue.enqueue('1', ['motion'])
    expect(claim(queue, 'w1').events).toEqual([])
    expect(queue.offered()).toEqual(['1'])
    claim(queue, 'w2')
    expect(running(queue)).toEqual([['1', 'w2', 'host2:0']])
  })

  it('may be one of several that serve a place, and one that has said nothing takes what somebody serves', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:0'])
    claim(queue, 'w2', ['host1:*'])
    queue.enqueue('1', ['flux'])
    queue.enqueue('2', ['flux'])
    queue.enqueue('3', ['flux'])
    claim(queue, 'silent', undefined, 9)
    expect(running(queue)).toEqual([
      ['1', 'silent', 'host1:0'],
      ['2', 'silent', 'host1:1'],
    ])
    expect(queue.reason('3')).toBe('model_in_use')
  })

  it('gets only jobs that need no place if it serves none; who says nothing serves all as before', () => {
    const queue = given(rules)
    claim(queue, 'without', [])
    queue.enqueue('1', ['flux'])
    queue.enqueue('2', ['sums'])
    claim(queue, 'without', [], 9)
    expect(running(queue)).toEqual([['2', 'without']])
    expect(queue.offered()).toEqual(['1'])
    claim(queue, 'silent')
    expect(running(queue)).toContainEqual(['1', 'silent', 'host1:0'])
  })

  it.each([
    { from: ['host1:0'], to: [] },
    { from: [], to: ['host1:0'] },
  ])('opens and closes what nobody serves, from $from to $to', ({ from, to }) => {
    const queue = given(rules)
    claim(queue, 'w1', from)
    queue.enqueue('1', ['motion'])
    claim(queue, 'w1', to)
    expect(queue.reason('1')).toBe(to.length === 0 ? 'offered' : 'no_worker')
    claim(queue, 'w1', from)
    expect(queue.reason('1')).toBe(from.length === 0 ? 'offered' : 'no_worker')
  })

  it('waits at the gate for a place that it serves, while another process may take the job elsewhere', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:0'])
    claim(queue, 'w2', ['host2:0'])
    queue.enqueue('1', ['flux'])
    claim(queue, 'w1')
    queue.ask('2', ['flux'], { wait: true, worker: 'w1' })
    expect(queue.offered()).toEqual(['2'])
    queue.complete('1', { worker: 'w1' })
    expect(running(queue)).toEqual([['2', 'w1', 'host1:0']])
  })
})

describe('a place that nobody serves', () => {
  it('keeps nobody who can go elsewhere', () => {
    const queue = given(rules)
    for (const jobId of ['1', '2', '3']) queue.enqueue(jobId, ['flux'])
    claim(queue, 'w2', ['host2:*'])
    expect(running(queue)).toEqual([['1', 'w2', 'host2:0']])
    expect(queue.job('2')?.places).toEqual({ flux: 'host2:0' })
    expect(queue.complete('1', { worker: 'w2', claim: { max: 1, kinds: null } }).said).toContain(
      'started 2 by w2',
    )
  })

  it('is named where no place of a model is served: the job stands in no line and keeps nothing', () => {
    const queue = given({ ...rules, capacity: { ...cards, upscaler: 1 } })
    claim(queue, 'w1', ['host1:*'])
    const { result } = queue.enqueue('1', ['motion', 'upscaler'])
    const reason = 'no live process serves host2:0, where model motion could be'
    expect(result).toMatchObject({ waiting: [{ code: 'no_worker', reason, blockedBy: null }] })
    expect(queue.line()).toEqual([])
    expect(queue.row('1')).toMatchObject({
      blocked_on: 'host2:0',
      conflict_reason: 'no live process serves place host2:0',
    })
    expect(queue.explain('1')).toMatchObject({
      ...{ code: 'no_worker', reason, standing: 'held' },
      whatHasToHappen: 'start a worker for normal that serves it (`serves`)',
    })
    queue.enqueue('2', ['upscaler'])
    expect(codeOf(queue.send({ type: 'reprioritize', jobId: '2', before: '1' }))).toBe('invalid_input')
    claim(queue, 'w1')
    expect(running(queue)).toEqual([['2', 'w1']])
    queue.complete('2', { worker: 'w1' })
    expect(claim(queue, 'w2', ['host2:*']).said).toContain('started 1 by w2')
  })

  it('lets the jobs go that are pinned to it when its process leaves, and each keeps its turn', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:0'])
    claim(queue, 'w2', ['host2:*'])
    for (const jobId of ['1', '2', '3', '4']) queue.enqueue(jobId, ['flux'])
    claim(queue, 'w1')
    claim(queue, 'w2')
    expect(queue.job('3')?.places).toEqual({ flux: 'host1:0' })
    leave(queue, 'w1')
    expect([queue.job('3')?.places, queue.job('4')?.places]).toEqual([
      { flux: 'host2:0' },
      { flux: 'host2:0' },
    ])
    expect(queue.complete('2', { worker: 'w2', claim: { max: 1, kinds: null } }).said).toContain(
      'started 3 by w2',
    )
  })

  it('is served by all again when the last process that said anything is gone', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:*'])
    queue.enqueue('1', ['motion'])
    expect(queue.reason('1')).toBe('no_worker')
    leave(queue, 'w1')
    expect(queue.offered()).toEqual(['1'])
    expect(claim(queue, 'silent').said).toContain('started 1 by silent')
  })

  it('is not given to anybody by a log that says so', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:*'])
    const { version, lastAt } = queue.ledger
    queue.enqueue('1', ['flux'])
    const start = { type: 'started', jobId: '1', workerId: 'w1', attempt: 1, models: ['flux'] } as const
    const forged = {
      ...{ ...start, places: { flux: 'host2:0' } },
      ...{ seq: version + 2, at: lastAt + 1_000_000, commandId: 'forged', commandHash: 1 },
    }
    expect(() => evolve(queue.ledger, forged)).toThrow('no place host2:0 that is open for worker w1')
  })
})

describe('a process that is gone', () => {
  it('serves nothing from the append on that ends its lease, before its attempts are lost', () => {
    const queue = given(rules)
    claim(queue, 'w1', ['host1:0'])
    claim(queue, 'w2', ['host2:0'])
    queue.enqueue('1', ['flux'])
    claim(queue, 'w1')
    queue.enqueue('2', ['flux'])
    queue.deadWorkers.add('w1')
    expect(expire(queue, 'w1').said.slice(0, 2)).toEqual(['worker_gone', 'lease_expired 1'])
    expect(queue.job('1')?.places).toEqual({ flux: 'host2:0' })
    expect(expire(queue, 'w1').events).toEqual([])
  })

  it('comes back as another one', () => {
    const queue = given(rules)
    claim(queue, 'w1.a', ['host1:*'])
    queue.deadWorkers.add('w1.a')
    expire(queue, 'w1.a')
    expect(claim(queue, 'w1.a', ['host1:*']).events).toEqual([])
    expect(claim(queue, 'w1.b', ['host1:*']).events).toHaveLength(1)
    expect(queue.ledger.servers).toEqual([{ worker: 'w1.b', places: ['host1:*'] }])
  })
})

describe('a job of several models with places', () => {
  const apart = { maxActive: null, capacity: { a: ['host1:0', 'host2:0'], b: ['host2:1', 'host1:1'] } }

  it('has them all in one process', () => {
    const queue = given(apart)
    claim(queue, 'w1', ['host1:*'])
    claim(queue, 'w2', ['host2:*'])
    queue.enqueue('1', ['a', 'b'])
    expect(queue.job('1')?.places).toEqual({ a: 'host1:0', b: 'host1:1' })
    claim(queue, 'w2')
    expect(running(queue)).toEqual([['1', 'w2', 'host2:0', 'host2:1']])
  })

  it('waits beside the line while no process serves a place of each', () => {
    const queue = given(apart)
    claim(queue, 'w1', ['host1:0'])
    claim(queue, 'w2', ['host2:1'])
    queue.enqueue('1', ['a', 'b'])
    expect(queue.told('1')?.reason).toBe('no live process serves a place of each of its models')
    expect(claim(queue, 'w3', ['*']).said).toContain('started 1 by w3')
  })

  it('goes elsewhere when the only process leaves that serves both of its places', () => {
    const queue = given(apart)
    for (const [worker, places] of [
      ['w1', ['host1:0']],
      ['w2', ['host1:1']],
      ['w3', ['host1:*']],
      ['w4', ['host2:*']],
    ] as const)
      claim(queue, worker, places)
    queue.enqueue('1', ['a', 'b'], { runAt: null })
    expect(queue.job('1')?.places).toEqual({ a: 'host1:0', b: 'host1:1' })
    leave(queue, 'w3')
    expect(queue.job('1')?.places).toEqual({ a: 'host2:0', b: 'host2:1' })
  })
})

describe('a pattern', () => {
  it.each([
    ['host1:0', 'host1:0', true],
    ['host1:0', 'host1:01', false],
    ['host1:*', 'host1:', true],
    ['host1:*', 'host11:0', false],
    ['*', '', true],
    ['*:0', 'host1:0', true],
    ['a*a', 'a', false],
    ['a*b*c', 'axbxbyc', true],
    ['a*b*c', 'acb', false],
    ['h.st*', 'host1', false],
    ['**', 'x', true],
  ])('%s and %s: %s', (pattern, name, is) => {
    expect(fits(pattern, name)).toBe(is)
  })
})
