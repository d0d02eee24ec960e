import { describe, expect, it } from 'vitest'
import { emptyLedger, evolve, jobOf, type RecordedEvent } from '../../../src/engine/core/index.ts'
import { codeOf, given, type Scenario } from '../../support/scenario.ts'

const all = { claim: { max: 9, kinds: null } }
const cards = { a: ['p', 'q'], b: ['q', 'r'] }

function pause(queue: Scenario, model: string) {
  return queue.send({ type: 'pause_model', model, reason: 'broken', until: null }, all)
}
const resume = (queue: Scenario, model: string) => queue.send({ type: 'resume_model', model }, all)

/** Who runs where. */
const running = (queue: Scenario) =>
  Object.fromEntries(queue.running().map((jobId) => [jobId, queue.job(jobId)?.places ?? null]))

describe('a model with places', () => {
  it('is in one of them while a job has it: the start says which', () => {
    const queue = given({ maxActive: null, capacity: cards })
    const { events } = queue.enqueue('A', ['a', 'x'], {}, all)
    expect(events.at(-1)).toMatchObject({ type: 'started', places: { a: 'p' } })
    expect(queue.row('A')).toMatchObject({ places: { a: 'p' } })
    const { result } = queue.ask('B', ['b'])
    expect(result).toMatchObject({ started: [{ lease: { jobId: 'B', places: { b: 'q' } } }] })
    expect(queue.explain('B')?.reason).toBe('it runs in worker w1 on q, attempt 1 of 3')
    expect(queue.explain('B')?.models).toMatchObject([
      { model: 'b', place: 'q', capacity: 2, holders: ['B'] },
    ])
  })

  it('excludes whatever else is there', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p'], b: ['p'] } })
    queue.enqueue('A', ['a'], {}, all)
    queue.enqueue('B', ['b'], {}, all)
    expect(queue.reason('B')).toBe('model_in_use')
    expect(queue.told('B')).toMatchObject({
      blockedBy: 'A',
      reason: 'model b is in use or reserved by job A',
    })
    expect(queue.complete('A', all).said).toEqual(['completed A', 'started B by w1'])
  })

  it('may share a place with another model of the same job', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p'], b: ['p'] } })
    queue.enqueue('AB', ['a', 'b'], {}, all)
    expect(running(queue)).toEqual({ AB: { a: 'p', b: 'p' } })
    queue.complete('AB')
    expect([...queue.ledger.models]).toEqual([])
  })

  it('goes to the first in line, wherever that one is pinned to', () => {
    const queue = given({ maxActive: null, capacity: cards })
    for (const jobId of ['1', '2', '3', '4']) queue.enqueue(jobId, ['a'], {}, all)
    expect(running(queue)).toEqual({ '1': { a: 'p' }, '2': { a: 'q' } })
    expect(queue.job('3')?.places).toEqual({ a: 'p' })
    expect(queue.complete('2', all).said).toEqual(['completed 2', 'started 3 by w1'])
    expect(running(queue)).toEqual({ '1': { a: 'p' }, '3': { a: 'q' } })
  })

  it('keeps the place of a job that waits for something else, in strict order', () => {
    const queue = given({ maxActive: null, capacity: { ...cards, c: 1 } })
    queue.enqueue('C', ['c'], {}, all)
    queue.enqueue('AC', ['a', 'c'], {}, all)
    expect(queue.job('AC')?.places).toEqual({ a: 'p' })
    queue.enqueue('A1', ['a'], {}, all)
    expect(running(queue)).toEqual({ C: null, A1: { a: 'q' } })
    queue.enqueue('A2', ['a'], {}, all)
    expect(queue.reason('A2')).toBe('behind_in_line')
    expect(queue.complete('C', all).said).toEqual(['completed C', 'started AC by w1'])
  })

  it('is left to those behind a job that starts elsewhere: they then wait for the job that has it', () => {
    const queue = given({ maxActive: null, maxOvertakes: 0, capacity: { a: ['q', 't'], b: ['q', 'r'] } })
    queue.enqueue('late', ['b'], { runAt: queue.now + 1_000 })
    queue.enqueue('last', ['a'], { priority: -1 })
    queue.enqueue('first', ['a'])
    expect(queue.job('first')?.places).toEqual({ a: 'q' })
    queue.later(1).send({ type: 'tick' }, { claim: { max: 2, kinds: null } })
    expect(running(queue)).toEqual({ late: { b: 'q' }, first: { a: 't' } })
    expect([queue.job('last')?.places, queue.blockedBy('last')]).toEqual([{ a: 'q' }, 'late'])
    // So says who follows the log, event by event.
    expect(jobOf(queue.log.reduce(evolve, emptyLedger), 'last')?.blockedBy).toBe('late')
  })

  it('makes those who are pinned to it wait for a job that takes it from among them, pinned to another one', () => {
    const places = { b: ['r', 's'], c: ['s'] }
    const queue = given({ maxActive: null, maxOvertakes: null, capacity: places })
    queue.enqueue('A', ['a'], {}, all)
    queue.enqueue('B', ['b'], {}, all)
    queue.enqueue('first', ['c', 'a'])
    queue.enqueue('last', ['c', 'a'], { priority: -1 })
    queue.enqueue('between', ['b'], {}, all)
    expect(running(queue)).toEqual({ A: null, B: { b: 'r' }, between: { b: 's' } })
    expect([queue.blockedBy('first'), queue.blockedBy('last')]).toEqual(['between', 'between'])
    // So says who follows the log, event by event.
    expect(jobOf(queue.log.reduce(evolve, emptyLedger), 'last')?.blockedBy).toBe('between')
  })

  it('lets nobody pass a job that may start since an offer ahead of it has run out', () => {
    const queue = given({ maxActive: 1, maxOvertakes: 0, offerMs: 2_000, capacity: { a: ['s'] } })
    queue.enqueue('x', ['g'])
    queue.enqueue('y', ['e'])
    queue.later(2_500)
    queue.ask('z', ['a'])
    expect([queue.offered(), queue.running()]).toEqual([['x', 'y'], []])
  })

  it('counts who was passed on a place that it could have used, and keeps its own once that is enough', () => {
    const queue = given({ maxActive: null, maxOvertakes: 1, capacity: { a: ['p'], b: ['p'], c: 1 } })
    queue.enqueue('C', ['c'], {}, all)
    queue.enqueue('AC', ['a', 'c'], {}, all)
    queue.enqueue('B1', ['b'], {}, all)
    expect(queue.running()).toEqual(['C', 'B1'])
    expect(queue.job('AC')?.overtaken).toBe(1)
    queue.complete('B1')
    queue.enqueue('B2', ['b'], {}, all)
    expect(queue.reason('B2')).toBe('behind_in_line')
    expect(queue.complete('C', all).said).toEqual(['completed C', 'started AC by w1'])
  })

  it('keeps what an offered job would take, for as long as the offer lives', () => {
    const queue = given({ maxActive: null, maxOvertakes: null, capacity: { a: ['p', 'q'] } })
    queue.enqueue('1', ['a'], {}, all)
    queue.enqueue('rare', ['a'], { kind: 'rare' })
    queue.enqueue('2', ['a'], {}, { claim: { max: 1, kinds: ['normal'] } })
    expect(queue.offered()).toEqual(['rare'])
    expect(queue.running()).toEqual(['1'])
    queue.later(2_001)
    expect(queue.claim(1, { kinds: ['normal'] }).said).toEqual(['started 2 by w1'])
  })
})

describe('a paused place', () => {
  it('takes nobody out, and is given to nobody', () => {
    const queue = given({ maxActive: null, capacity: cards })
    queue.enqueue('1', ['a'], {}, all)
    expect(pause(queue, 'p').said).toEqual(['model_paused'])
    expect(running(queue)).toEqual({ '1': { a: 'p' } })
    queue.complete('1')
    queue.enqueue('2', ['a'], {}, all)
    expect(running(queue)).toEqual({ '2': { a: 'q' } })
  })

  it('is free beside who is in one of the places, nobody knows which, while fewer have the model than it has places', () => {
    const queue = given({ maxActive: null, capacity: { a: 2 } })
    queue.enqueue('before', ['a'], {}, all)
    queue.policy({ capacity: { a: ['p', 'q', 'r'] } })
    pause(queue, 'q')
    pause(queue, 'r')
    queue.enqueue('B', ['a'])
    expect([queue.reason('B'), queue.offered()]).toEqual(['offered', ['B']])
    expect(queue.claim(1).said).toEqual(['started B by w1'])
    expect(running(queue)).toEqual({ before: null, B: { a: 'p' } })
    queue.enqueue('C', ['a'])
    expect(queue.reason('C')).toBe('model_in_use')
  })

  it('moves those that were pinned to it; when all are paused, their jobs wait beside the line', () => {
    const queue = given({ maxActive: null, capacity: cards })
    for (const jobId of ['1', '2', '3']) queue.enqueue(jobId, ['a'], {}, all)
    expect(queue.job('3')?.places).toEqual({ a: 'p' })
    pause(queue, 'p')
    expect(queue.job('3')?.places).toEqual({ a: 'q' })
    pause(queue, 'q')
    expect(queue.reason('3')).toBe('model_paused')
    expect(queue.told('3')?.reason).toBe('place p is paused by w1 (broken) until it is resumed')
    expect(queue.row('3')).toMatchObject({ blocked_on: 'p', conflict_reason: 'place p is paused' })
    queue.complete('2')
    expect(resume(queue, 'q').said).toEqual(['model_resumed', 'started 3 by w1'])
  })
})

describe('other places', () => {
  it('are for new starts only: who runs stays where it is, and counts', () => {
    const queue = given({ maxActive: null, capacity: { a: 2 } })
    for (const jobId of ['1', '2', '3']) queue.enqueue(jobId, ['a'], {}, all)
    expect(queue.running()).toEqual(['1', '2'])
    queue.policy({ capacity: { a: ['p', 'q'] } })
    queue.claim(9)
    expect(queue.running()).toEqual(['1', '2'])
    expect(queue.told('3')).toMatchObject({ code: 'model_in_use', blockedBy: '1' })
    expect(queue.complete('1', all).said).toEqual(['completed 1', 'started 3 by w1'])
    queue.policy({ capacity: { a: 1, b: ['p'] } })
    queue.enqueue('B', ['b'], {}, all)
    expect(queue.reason('B')).toBe('model_in_use')
    queue.enqueue('4', ['a'], {}, all)
    expect(queue.complete('2', all).said).toEqual(['completed 2'])
    expect(queue.complete('3', all).said).toEqual(['completed 3', 'started B by w1', 'started 4 by w1'])
  })
})

describe('a log that nobody could have written', () => {
  const queue = given({ maxActive: null, capacity: cards })
  queue.enqueue('1', ['a'], {}, all)
  queue.enqueue('2', ['b'])
  const start = (places: Record<string, string> | undefined): RecordedEvent => ({
    ...{ type: 'started', jobId: '2', workerId: 'w1', attempt: 1, models: ['b'] },
    ...{ seq: queue.ledger.version + 1, at: queue.now + 1_000_000, commandId: 'c', commandHash: 0 },
    ...(places === undefined ? {} : { places }),
  })
  const fold = (places?: Record<string, string>) => () => evolve(queue.ledger, start(places))

  it('is not folded: a start without a place, in one of another model, or in more than it needs', () => {
    expect(fold({ b: 'q' })).not.toThrow()
    expect(fold()).toThrow('model b has no place')
    expect(fold({ b: 'p' })).toThrow('model b has no place p that is open')
    expect(fold({ b: 'q', a: 'p' })).toThrow('models that job 2 does not need')
  })

  it('nor is a start in a place that is taken', () => {
    const other = given({ maxActive: null, capacity: { a: ['q'], b: ['q'] } })
    other.enqueue('1', ['a'], {}, all)
    other.enqueue('2', ['b'])
    const at = { seq: other.ledger.version + 1, at: other.now + 1_000_000, commandId: 'c', commandHash: 0 }
    const event = {
      type: 'started',
      jobId: '2',
      workerId: 'w1',
      attempt: 1,
      models: ['b'],
      places: { b: 'q' },
    } as const
    expect(() => evolve(other.ledger, { ...event, ...at })).toThrow('place q is taken')
  })
})

describe('a command about a place', () => {
  it('is one about a model: there is no other', () => {
    const queue = given({ capacity: cards })
    expect(codeOf(pause(queue, 'p'))).toBeUndefined()
    expect(resume(queue, 'p').said).toEqual(['model_resumed'])
  })
})
