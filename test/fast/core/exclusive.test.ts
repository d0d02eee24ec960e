import { describe, expect, it } from 'vitest'
import { replay } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const all = { claim: { max: 99, kinds: null } }
const whole = (...models: readonly string[]) => ({ whole: models })
const faultsIn = (queue: Scenario) =>
  audit(queue.log).violations.map(({ rule, detail }) => `${rule}: ${detail}`)

describe('a job that takes all places of a model', () => {
  it('starts when nobody has the model, and keeps all others from it', () => {
    const queue = given({ maxActive: null, capacity: { a: 3 } })
    queue.enqueue('S1', ['a'], {}, all)
    queue.enqueue('S2', ['a'], {}, all)
    queue.enqueue('E', ['a'], whole('a'), all)
    expect(queue.told('E')).toMatchObject({
      code: 'model_in_use',
      reason: 'model a is in use or reserved by job S2; this job needs all places of the model',
    })
    queue.enqueue('S3', ['a'], {}, all)
    expect([queue.reason('S3'), queue.blockedBy('S3')]).toEqual(['behind_in_line', 'E'])
    expect(queue.explain('E')?.models).toMatchObject([{ whole: true }])
    expect(queue.explain('S3')?.models[0]).not.toHaveProperty('whole')
    expect(queue.complete('S1', all).said).toEqual(['completed S1'])
    expect(queue.complete('S2', all).said).toEqual(['completed S2', 'started E by w1'])
    expect([queue.reason('S3'), queue.blockedBy('S3')]).toEqual(['model_in_use', 'E'])
    queue.enqueue('S4', ['a'], {}, all)
    expect(queue.complete('E', all).said).toEqual(['completed E', 'started S3 by w1', 'started S4 by w1'])
    expect(faultsIn(queue)).toEqual([])
    expect(queue.written).toEqual(queue.rows())
  })

  it('is passed as often as the policy allows, and then reserves all of it', () => {
    const queue = given({ maxActive: null, maxOvertakes: 2, capacity: { a: 2 } })
    queue.enqueue('S0', ['a'], {}, all)
    queue.enqueue('E', ['a'], whole('a'), all)
    queue.enqueue('S1', ['a'], {}, all)
    expect(queue.running()).toEqual(['S0', 'S1'])
    queue.enqueue('S2', ['a'], {}, all)
    queue.enqueue('S3', ['a'], {}, all)
    expect(queue.complete('S0', all).said).toEqual(['completed S0', 'started S2 by w1'])
    expect(queue.job('E')?.overtaken).toBe(2)
    expect(queue.complete('S1', all).said).toEqual(['completed S1'])
    expect(queue.complete('S2', all).said).toEqual(['completed S2', 'started E by w1'])
    expect(faultsIn(queue)).toEqual([])
  })

  it('takes every place that the model has, and whatever else would be there waits', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p', 'q'], b: ['q', 'r'] } })
    queue.enqueue('B', ['b'], {}, all)
    queue.enqueue('E', ['a'], whole('a'), all)
    expect(queue.told('E')).toMatchObject({ code: 'model_in_use', blockedBy: 'B' })
    queue.enqueue('S', ['a'], {}, all)
    expect(queue.complete('B', all).said).toEqual(['completed B', 'started E by w1'])
    queue.enqueue('B2', ['b'], {}, all)
    queue.enqueue('B3', ['b'], {}, all)
    expect(queue.running()).toEqual(['E', 'B2'])
    expect(queue.explain('E')?.models).toMatchObject([{ model: 'a', holders: ['E'] }])
    expect(queue.explain('S')?.models).toMatchObject([{ holders: ['E'], ahead: 0 }])
    expect(queue.complete('E', all).said).toEqual(['completed E', 'started S by w1', 'started B3 by w1'])
    expect(faultsIn(queue)).toEqual([])
    queue.complete('S')
    queue.complete('B2')
    queue.complete('B3')
    expect([...queue.ledger.models]).toEqual([])
  })

  it('goes on having all of it, whatever other places the rules give the model', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p', 'q'] } })
    queue.enqueue('E', ['a'], whole('a'), all)
    queue.policy({ capacity: { a: ['p', 'r'] } })
    queue.enqueue('S', ['a'], {}, all)
    queue.policy({ capacity: { a: 5 } })
    expect(queue.reason('S')).toBe('model_in_use')
    expect(queue.complete('E', all).said).toEqual(['completed E', 'started S by w1'])
    expect([...queue.ledger.models].map(({ model }) => model)).toEqual(['a'])
  })

  it('gives it back as a whole', () => {
    const queue = given({ maxActive: null, capacity: { a: 2 } })
    queue.enqueue('E', ['a', 'b'], whole('a'), all)
    queue.enqueue('S1', ['a'], {}, all)
    queue.enqueue('S2', ['a'], {}, all)
    const token = queue.job('E')?.token ?? 0
    const { said } = queue.send({ type: 'done', jobId: 'E', token, model: 'a' }, all)
    expect(said).toEqual(['model_released E', 'started S1 by w1', 'started S2 by w1'])
    expect(faultsIn(queue)).toEqual([])
  })

  it('is not folded, and found by the audit, if somebody else has the model', () => {
    const queue = given({ maxActive: null, capacity: { a: 3 } })
    queue.enqueue('S', ['a'], {}, all)
    queue.enqueue('E', ['a'], {}, all)
    const log = queue.log.map((event) =>
      event.type === 'queued' && event.jobId === 'E'
        ? { ...event, spec: { ...event.spec, whole: ['a'] } }
        : event,
    )
    expect(() => replay(log)).toThrow('model a has no free place')
    expect(audit(log).violations).toMatchObject([
      { rule: 'capacity', detail: '1 held a, all of which it takes' },
    ])
    const other = queue.log.map((event) =>
      event.type === 'queued' && event.jobId === 'S'
        ? { ...event, spec: { ...event.spec, whole: ['a'] } }
        : event,
    )
    expect(() => replay(other)).toThrow('model a has no free place')
    expect(audit(other).violations[0]).toMatchObject({ rule: 'capacity', jobId: 'E' })
    expect(audit(queue.log).violations).toEqual([])
  })

  it('does not wait for a place that is paused, where nobody else would be', () => {
    const queue = given({ maxActive: null, capacity: { a: ['p', 'q'] } })
    queue.send({ type: 'pause_model', model: 'p', reason: 'broken', until: null })
    queue.enqueue('E', ['a'], whole('a'), all)
    expect(queue.running()).toEqual(['E'])
  })

  it('starts behind another one that waits for more, though no process serves the place', () => {
    const queue = given({ maxActive: null, maxOvertakes: 3, capacity: { a: ['p'] } })
    queue.enqueue('holder', ['b'], {}, all)
    queue.enqueue('S', ['a'], {}, all)
    queue.enqueue('both', ['a', 'b'], whole('a'))
    queue.enqueue('E', ['a'], whole('a'))
    queue.send({ type: 'claim' }, { claim: { max: 0, kinds: null, serves: [] } })
    expect(queue.complete('S', all).said).toEqual(['completed S', 'started E by w1'])
  })
})
