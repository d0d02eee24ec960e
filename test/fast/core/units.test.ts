import { describe, expect, it } from 'vitest'
import { emptyLedger, evolve, jobOf, type RecordedEvent } from '../../../src/engine/core/index.ts'
import { codeOf, given, type Scenario, specOf } from '../../support/scenario.ts'

const all = { claim: { max: 9, kinds: null } }
const cards = { a: ['p', 'q'], b: ['p'] }
const units = { p: { vram: 24 }, q: { vram: 24 } }
const asks = (vram: number, model = 'a') => ({ asks: { [model]: { vram } } })

/** Who runs where. */
const running = (queue: Scenario) =>
  Object.fromEntries(queue.running().map((jobId) => [jobId, queue.job(jobId)?.places ?? null]))

describe('a place with units', () => {
  it('holds any jobs whose asks fit together, each where most is left', () => {
    const queue = given({ maxActive: null, capacity: cards, units })
    for (const [jobId, vram] of [
      ['1', 10],
      ['2', 6],
      ['3', 14],
      ['4', 12],
      ['5', 6],
    ] as const)
      queue.enqueue(jobId, ['a'], asks(vram), all)
    expect(running(queue)).toEqual({
      ...{ '1': { a: 'p' }, '2': { a: 'q' }, '3': { a: 'q' }, '4': { a: 'p' } },
    })
    expect(queue.reason('5')).toBe('model_in_use')
    expect(queue.told('5')?.reason).toBe('needs 6 vram of one place; the most that is free is 4 on q')
    expect(queue.complete('1', all).said).toEqual(['completed 1', 'started 5 by w1'])
  })

  it('is taken as a whole by a job that asks nothing, as without units', () => {
    const queue = given({ maxActive: null, capacity: cards, units })
    queue.enqueue('1', ['b'], {}, all)
    queue.enqueue('2', ['b'], {}, all)
    queue.enqueue('3', ['b'], asks(1, 'b'), all)
    expect(queue.running()).toEqual(['1'])
    expect(queue.complete('1', all).said).toEqual(['completed 1', 'started 2 by w1'])
    expect(queue.complete('2', all).said).toEqual(['completed 2', 'started 3 by w1'])
  })

  it('counts what jobs of other models take of it', () => {
    const queue = given({ maxActive: null, capacity: cards, units })
    queue.enqueue('1', ['b'], asks(20, 'b'), all)
    queue.enqueue('2', ['a'], asks(20), all)
    queue.enqueue('3', ['a'], asks(4), all)
    expect(running(queue)).toEqual({ '1': { b: 'p' }, '2': { a: 'q' }, '3': { a: 'p' } })
  })

  it('counts each of several units', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p'] }, units: { p: { vram: 24, slots: 2 } } })
    const ask = (slots: number) => ({ asks: { a: { vram: 1, slots } } })
    for (const jobId of ['1', '2', '3']) queue.enqueue(jobId, ['a'], ask(1), all)
    expect(queue.running()).toEqual(['1', '2'])
    expect(queue.told('3')?.reason).toBe(
      'needs 1 vram and 1 slots of one place; the most that is free is 22 vram and 0 slots on p',
    )
  })

  it('is kept for a job that waits there: who comes later takes only what is left beside it', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p'] }, units })
    queue.enqueue('1', ['a'], asks(10), all)
    queue.enqueue('large', ['a'], asks(20), all)
    queue.enqueue('2', ['a'], asks(4), all)
    expect(queue.running()).toEqual(['1'])
    expect(queue.reason('2')).toBe('behind_in_line')
    expect(queue.blockedBy('2')).toBe('large')
    expect(queue.complete('1', all).said).toEqual(['completed 1', 'started large by w1', 'started 2 by w1'])
  })

  it('lets smaller jobs pass a large one as often as the policy says', () => {
    const queue = given({ maxActive: null, maxOvertakes: 2, capacity: { a: ['p'] }, units })
    queue.enqueue('0', ['a'], asks(5), all)
    queue.enqueue('large', ['a'], asks(20), all)
    for (const jobId of ['1', '2', '3']) queue.enqueue(jobId, ['a'], asks(4), all)
    expect(queue.running()).toEqual(['0', '1', '2'])
    expect(queue.job('large')?.overtaken).toBe(2)
    queue.complete('0', all)
    expect(queue.running()).toEqual(['1', '2'])
    expect(queue.complete('1', all).said).toEqual(['completed 1', 'started large by w1'])
    expect(queue.complete('2', all).said).toEqual(['completed 2', 'started 3 by w1'])
  })

  it('does not count who was passed at a place that is too small for them', () => {
    const queue = given({
      ...{ maxActive: null, maxOvertakes: 1, capacity: { a: ['p', 'q'] } },
      units: { p: { vram: 8 }, q: { vram: 24 } },
    })
    queue.enqueue('0', ['a'], asks(20), all)
    queue.enqueue('large', ['a'], asks(20), all)
    queue.enqueue('1', ['a'], asks(8), all)
    expect(running(queue)).toEqual({ '0': { a: 'q' }, '1': { a: 'p' } })
    expect(queue.job('large')?.overtaken).toBe(0)
  })
})

describe('a job that fits no place', () => {
  it('is refused by enqueue and at the gate, which say what there is', () => {
    const queue = given({ maxActive: null, capacity: cards, units })
    const told = queue.enqueue('1', ['a'], asks(48))
    expect(codeOf(told)).toBe('fits_no_place')
    expect(told.result).toMatchObject({
      message: expect.stringContaining(
        'job 1: asks.a: it needs 48 vram of one place; the most that one has is 24 on p; ',
      ),
    })
    expect(codeOf(queue.enqueue('1', ['a'], { asks: { a: { slots: 1 } } }))).toBe('fits_no_place')
    expect(codeOf(queue.enqueue('1', ['c'], asks(1, 'c')))).toBe('fits_no_place')
    expect(codeOf(queue.enqueue('1', ['a', 'b'], asks(1)))).toBe('fits_no_place')
    expect(codeOf(queue.enqueue('1', ['a'], asks(24)))).toBeUndefined()
  })

  it('waits beside the line where it was committed (fits_no_place), until the policy changes', () => {
    const queue = given({ maxActive: null, capacity: { ...cards, c: 1 }, units })
    queue.send({ type: 'enqueue', specs: [specOf('large', ['a', 'c'], asks(30))], intake: true })
    expect(queue.reason('large')).toBe('fits_no_place')
    expect(queue.told('large')?.reason).toBe(
      'it needs 30 vram of one place; the most that one has is 24 on p',
    )
    expect(queue.row('large')).toMatchObject({
      blocked_on: 'a',
      conflict_reason: 'no place of model a has as much as it asks',
    })
    queue.enqueue('C', ['c'], {}, all)
    expect(queue.running()).toEqual(['C'])
    queue.complete('C')
    expect(queue.policy({ units: { ...units, q: { vram: 32 } } }).said).toEqual([
      'policy_changed, offers large',
    ])
    queue.policy({ units })
    expect(queue.reason('large')).toBe('fits_no_place')
    expect(queue.cancel('large').said).toEqual(['cancelled large'])
    expect([...queue.ledger.models]).toEqual([])
  })
})

describe('a place whose units are changed', () => {
  it('takes nobody out: new starts wait until they fit', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p'] }, units })
    queue.enqueue('1', ['a'], asks(20), all)
    queue.enqueue('2', ['a'], asks(4), all)
    queue.policy({ units: { p: { vram: 20 } } })
    queue.enqueue('3', ['a'], asks(1), all)
    expect(queue.running()).toEqual(['1', '2'])
    queue.complete('2', all)
    expect(queue.running()).toEqual(['1'])
    queue.complete('1', all)
    expect(queue.running()).toEqual(['3'])
  })

  it('moves who was pinned there and no longer fits', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p', 'q'] }, units })
    for (const jobId of ['1', '2', '3']) queue.enqueue(jobId, ['a'], asks(20), all)
    expect(queue.job('3')?.places).toEqual({ a: 'p' })
    queue.policy({ units: { ...units, p: { vram: 8 } } })
    expect(queue.job('3')?.places).toEqual({ a: 'q' })
  })
})

describe('a log that nobody could have written', () => {
  it('is not folded: a start at a place where it does not fit', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p'] }, units })
    queue.enqueue('1', ['a'], asks(20), all)
    queue.enqueue('2', ['a'], asks(5))
    const event: RecordedEvent = {
      ...{ type: 'started', jobId: '2', workerId: 'w1', attempt: 1, models: ['a'], places: { a: 'p' } },
      ...{ seq: queue.ledger.version + 1, at: queue.now + 1_000_000, commandId: 'c', commandHash: 0 },
    }
    expect(() => evolve(queue.ledger, event)).toThrow('place p is taken')
  })
})

it('says the same to who follows the log event by event', () => {
  const queue = given({ maxActive: null, capacity: { a: ['p'] }, units })
  queue.enqueue('whole', ['a'], {}, all)
  for (const jobId of ['1', '2', '3']) queue.enqueue(jobId, ['a'], asks(8))
  queue.enqueue('4', ['a'], asks(8))
  queue.complete('whole')
  const folded = queue.log.reduce(evolve, emptyLedger)
  for (const jobId of ['1', '2', '3', '4'])
    expect(jobOf(folded, jobId)?.blockedBy).toBe(queue.job(jobId)?.blockedBy)
})
