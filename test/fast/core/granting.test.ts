import { describe, expect, it } from 'vitest'
import { codeOf, given, waitingIn } from '../../support/scenario.ts'

const one = { max: 1, kinds: null }

describe('what an end frees goes', () => {
  it('to the process that asked for it', () => {
    const queue = given()
    queue.ask('A', ['m'])
    queue.ask('B', ['m'], { wait: true, worker: 'w2' })
    expect(queue.complete('A', { claim: one }).said).toEqual(['completed A', 'started B by w2'])
  })

  it('to the worker that ended the job, if it has a free slot and a handler', () => {
    const queue = given()
    queue.ask('A', ['m'])
    queue.enqueue('B', ['m'], { kind: 'upscale' })
    expect(queue.complete('A', { claim: { max: 1, kinds: ['normal'] } }).said).toEqual([
      'completed A, offers B',
    ])
    expect(queue.claim(1, { kinds: ['upscale'], worker: 'w3' }).said).toEqual(['started B by w3'])
  })

  it('to everybody else as an offer', () => {
    const queue = given()
    queue.ask('A', ['m'])
    queue.enqueue('B', ['m'])
    expect(queue.complete('A').said).toEqual(['completed A, offers B'])
    expect(queue.offered()).toEqual(['B'])
    expect(queue.claim(1, { worker: 'w2' }).said).toEqual(['started B by w2'])
  })

  it('in line order', () => {
    const queue = given({ maxActive: null })
    queue.enqueue('AB', ['a', 'b'], {}, { claim: one })
    for (const id of ['B', 'A']) queue.enqueue(id, [id.toLowerCase()])
    expect(queue.complete('AB').said).toEqual(['completed AB, offers B A'])
    expect(queue.claim(1).said).toEqual(['started B by w1'])
  })

  it('to every job for which a start in between made room', () => {
    // A's offer keeps g until D's start takes the last of b's rate: then g is free, in a line that was looked through before.
    const rate = { b: { starts: 1, perSeconds: 3 } }
    const queue = given({ maxActive: null, capacity: { '*': 2 }, maxOvertakes: 3, rate })
    queue.send({ type: 'drain' })
    queue.enqueue('A', ['b', 'g'])
    queue.enqueue('J', ['g'])
    queue.enqueue('K', ['g'])
    queue.ask('D', ['b'], { wait: true, worker: 'w2' })
    queue.send({ type: 'resume' })
    expect(queue.running()).toEqual(['D'])
    expect(queue.offered()).toEqual(['J', 'K'])
  })

  it('to a claim that goes on, also ahead of what it has just started', () => {
    // R is of another kind. Its offer keeps a from J until D's start takes the last of d's rate.
    const rate = { d: { starts: 1, perSeconds: 3 } }
    const queue = given({ maxActive: null, capacity: { '*': 2 }, maxOvertakes: null, rate })
    queue.enqueue('A', ['a'], {}, { claim: one })
    queue.enqueue('R', ['a', 'd'], { kind: 'rare' })
    queue.enqueue('J', ['a'])
    queue.enqueue('D', ['d'])
    expect(queue.offered()).toEqual(['R', 'D'])
    const kinds = ['normal']
    expect(queue.claim(2, { kinds }).said.slice(0, 2)).toEqual(['started D by w1', 'started J by w1'])
  })

  it('to nobody whose lease is known to be gone', () => {
    const queue = given()
    queue.ask('A', ['m'])
    queue.ask('B', ['m'], { wait: true, worker: 'w2' })
    queue.deadWorkers.add('w2')
    expect(queue.complete('A').said).toEqual(['completed A, offers B'])
    expect(queue.claim(1, { worker: 'w2' }).said).toEqual([])
  })

  it('to a job that waits to run alone, when the last of the others has ended', () => {
    const queue = given({ maxActive: null, maxOvertakes: 1, emptySet: 'exclusive' })
    queue.enqueue('A', ['a'], {}, { claim: one })
    queue.enqueue('alone', [])
    expect(queue.complete('A').said).toEqual(['completed A, offers alone'])
  })
})

describe('an offer', () => {
  const passable = { maxActive: 1, maxOvertakes: 1, offerMs: 2_000 }

  it('keeps its place for offerMs; then others may pass', () => {
    const queue = given(passable)
    queue.enqueue('rare', ['a'], { kind: 'rare' })
    expect(queue.enqueue('B', ['b']).said).toEqual(['queued B', 'blocked B'])
    expect(queue.later(1_990).claim(1, { kinds: ['normal'] }).said).toEqual([])
    expect(queue.later(20).claim(1, { kinds: ['normal'] }).said).toEqual(['started B by w1'])
  })

  it('that was passed on a model counts as overtaken', () => {
    const queue = given(passable)
    queue.enqueue('rare', ['a'], { kind: 'rare' })
    queue.enqueue('B', ['a'])
    queue.later(2_010).claim(1, { kinds: ['normal'] })
    expect(queue.running()).toEqual(['B'])
    expect(queue.job('rare')?.overtaken).toBe(1)
  })

  it('ends when its model is full, and what it kept of others is given away', () => {
    const queue = given({ maxActive: null, maxOvertakes: 1 })
    queue.enqueue('AB', ['a', 'b'])
    queue.enqueue('B', ['b'])
    const urgent = queue.enqueue('urgent', ['a'], { priority: 5 }, { worker: 'w2', claim: one })
    expect(urgent.said).toEqual(['queued urgent', 'started urgent by w2, offers B'])
    expect(queue.offered()).toEqual(['B'])
  })

  it('ends when its slot goes to another job: the job names its blocker, and is offered again later', () => {
    const queue = given(passable)
    queue.enqueue('rare', ['a'], { kind: 'rare' })
    queue.enqueue('B', ['b'])
    queue.later(2_010).claim(1, { kinds: ['normal'] })
    expect(queue.offered()).toEqual([])
    expect([queue.reason('rare'), queue.blockedBy('rare')]).toEqual(['serialized', 'B'])
    expect(queue.complete('B').said).toEqual(['completed B, offers rare'])
  })

  it('ends while the queue drains, and is made again when the queue is resumed', () => {
    const queue = given(passable)
    queue.enqueue('A', ['a'])
    queue.send({ type: 'drain' })
    expect(queue.offered()).toEqual([])
    expect(queue.send({ type: 'resume' }).said).toEqual(['resumed, offers A'])
  })

  it('to run alone that no worker takes does not stop other jobs for ever', () => {
    const queue = given({ maxActive: null, emptySet: 'exclusive' })
    queue.enqueue('alone', [], { kind: 'rare' })
    expect(queue.enqueue('B', ['b'], {}, { claim: { max: 1, kinds: ['normal'] } }).said).toEqual([
      'queued B',
      'blocked B',
    ])
    expect(queue.later(2_010).claim(1, { kinds: ['normal'] }).said).toEqual(['started B by w1'])
    expect(queue.blockedBy('alone')).toBe('B')
    expect(queue.complete('B').said).toEqual(['completed B, offers alone'])
  })

  it('that is cancelled makes room for the job that waited for its slot', () => {
    const queue = given({ maxActive: 1, maxOvertakes: 1 })
    queue.enqueue('A', ['a'])
    queue.enqueue('B', ['b'])
    expect(queue.cancel('A').said).toEqual(['cancelled A, offers B'])
  })
})

describe('an asker', () => {
  it('is told why it waits, every time it asks', () => {
    const queue = given()
    queue.ask('A', ['m'])
    expect(waitingIn(queue.ask('B', ['m']))).toEqual(['B: model_in_use, A'])
    const again = queue.ask('B', ['m'])
    expect(again.said).toEqual([])
    expect(waitingIn(again)).toEqual(['B: model_in_use, A'])
  })

  it('that came first gets the job, and others that ask meanwhile are told so', () => {
    const queue = given({ maxActive: 1 })
    queue.enqueue('rare', ['a'], { kind: 'rare' })
    queue.ask('B', ['b'], { wait: true, worker: 'w2' })
    expect(waitingIn(queue.ask('B', ['b'], { worker: 'w3' }))).toEqual(['B: serialized, rare'])
    queue.later(2_010)
    expect(codeOf(queue.ask('B', ['b'], { worker: 'w3' }))).toBe('not_holder')
    expect(queue.send({ type: 'tick' }).said).toEqual(['started B by w2'])
  })

  it('leaves its job in line when it gives up', () => {
    const queue = given()
    queue.ask('A', ['m'])
    queue.ask('B', ['m'], { wait: true, worker: 'w2' })
    expect(queue.send({ type: 'unask', jobId: 'B' }, { worker: 'w2' }).said).toEqual(['asked B'])
    expect(queue.complete('A').said).toEqual(['completed A, offers B'])
  })

  it('takes a job that was enqueued for any process', () => {
    const queue = given()
    queue.ask('A', ['m'])
    queue.enqueue('B', ['m'])
    expect(queue.ask('B', ['m'], { wait: true, worker: 'w2' }).said).toEqual(['asked B'])
    expect(queue.complete('A').said).toEqual(['completed A', 'started B by w2'])
  })
})
