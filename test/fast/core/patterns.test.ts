/** Rules by pattern: which one counts for a name, and what follows from it. */
import { describe, expect, it } from 'vitest'
import {
  capacityOf,
  nextOpeningAt,
  type Policy,
  policyVersion,
  rateOf,
} from '../../../src/engine/core/index.ts'
import { parsePolicy } from '../../../src/engine/events/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { ruleFor } from '../../../src/tools/audit/rules.ts'
import { codeOf, given, type Scenario } from '../../support/scenario.ts'

const policy = (given: object): Policy => parsePolicy({ maxActive: null, ...given })
const many = { max: 9, kinds: null }
const started = (queue: Scenario): readonly string[] =>
  [...queue.ledger.jobs].flatMap(({ jobId, active }) => (active ? [jobId] : [])).sort()

describe('of the rules for a name', () => {
  const capacity = {
    ...{ '*': 2, 'lora-*': 3, 'lora-*-xl': 4, '*-xl': 5, 'lora-noir': 6, '*a*c*': 7, 'a*c*': 8, 'x*y': 9 },
    ...{ 'm*': 10, '*m': 11, 'constructor*': 12 },
  }
  it.each([
    ['lora-noir', 6, 'its own'],
    ['lora-ghibli', 3, 'the only pattern that fits'],
    ['lora-ghibli-xl', 4, 'the one with more text'],
    ['flux-xl', 5, 'a star in front'],
    ['flux', 2, 'the star alone, where none fits'],
    ['lora', 2, 'text that is not there'],
    ['abc', 8, 'the one with fewer stars, of as much text'],
    ['mm', 11, 'the first of the characters, of as much text and stars'],
    ['xy', 9, 'a star that stands for nothing'],
    ['x\ny', 9, 'a star that stands for a line break'],
    ['lora-*', 3, 'a name with a star in it'],
    ['constructor', 12, 'a name that every object has'],
  ])('%s has %i: %s', (name, places) => {
    for (const one of [capacity, Object.fromEntries(Object.entries(capacity).reverse())]) {
      expect(capacityOf(policy({ capacity: one }), name)).toBe(places)
      expect(ruleFor(one, name)).toBe(places)
    }
  })

  it('each map has its own', () => {
    const rules = policy({ capacity: { 'lora-a': 2 }, rate: { 'lora-*': { starts: 1, perSeconds: 5 } } })
    expect(capacityOf(rules, 'lora-a')).toBe(2)
    expect(rateOf(rules, 'lora-a')).toEqual({ starts: 1, perSeconds: 5 })
    expect(rateOf(rules, 'flux')).toBe(undefined)
  })

  it('stars alone are refused, but for the one that is all others', () => {
    expect(() => policy({ capacity: { '**': 2 } })).toThrow(
      /capacity\..*: a pattern has some text beside its stars/,
    )
    expect(() => policy({ rate: { '*': { starts: 1, perSeconds: 1 } } })).toThrow(/has no "\*"/)
    expect(() => policy({ capacity: { 'a*b': 0 } })).toThrow(/a\*b.*whole number/)
  })

  it('one by pattern keeps releases out that would take it for a name', () => {
    const version = (rules: object) => policyVersion(policy(rules))
    expect([version({ capacity: { '*': 2, lora: 1 } }), version({ capacity: { 'l*': 1 } })]).toEqual([1, 6])
    expect([version({ models: { lora: {} } }), version({ models: { 'l*': {} } })]).toEqual([3, 6])
  })
})

describe('a rule by pattern', () => {
  it('is that of each model by itself, in admission, in explain and in the audit', () => {
    const rate = { '*-b': { starts: 1, perSeconds: 60 } }
    const queue = given({ maxActive: null, capacity: { 'lora-*': 2 }, rate })
    for (const model of ['lora-a', 'lora-b', 'flux'])
      for (const n of [1, 2, 3]) queue.enqueue(`${model}:${n}`, [model], {}, { claim: many })
    expect(started(queue)).toEqual(['flux:1', 'lora-a:1', 'lora-a:2', 'lora-b:1'])
    expect(queue.reason('lora-a:3')).toBe('model_in_use')
    expect(queue.reason('lora-b:2')).toBe('rate_limited')
    expect(queue.explain('lora-b:2')).toMatchObject({
      models: [{ model: 'lora-b', capacity: 2, rules: { capacity: 'lora-*', rate: '*-b' } }],
      also: expect.arrayContaining([
        'lora-b has its capacity from the rule lora-*, its rate from the rule *-b',
      ]),
    })
    expect(queue.explain('flux:2')?.models[0]).not.toHaveProperty('rules')
    expect(audit(queue.log).violations).toEqual([])
    const [last = never()] = queue.log.filter(({ type }) => type === 'started').slice(-1)
    const forged = [
      ...queue.log,
      { ...last, jobId: 'lora-a:3', models: ['lora-a'], seq: queue.log.length + 1 },
    ]
    expect(audit(forged as never).violations.map(({ rule }) => rule)).toContain('capacity')
  })

  it('limits what is used of each resource by itself, in admission, in explain and in the audit', () => {
    const perSeconds = 60
    const uses = { 'tpm-*': { limit: 100, perSeconds }, 'tpm-big': { limit: 900, perSeconds } }
    const queue = given(policy({ capacity: { '*': 9 }, maxOvertakes: 0, uses }))
    const asks = { a: { 'tpm-a': 60 }, b: { 'tpm-b': 60 }, c: { 'tpm-a': 60 }, d: { 'tpm-big': 600 } }
    for (const [id, own] of Object.entries(asks)) queue.enqueue(id, ['m'], { uses: own }, { claim: many })
    expect(started(queue)).toEqual(['a', 'b', 'd'])
    expect(queue.explain('c')).toMatchObject({
      code: 'rate_limited',
      also: expect.arrayContaining(['tpm-a has its limit from the rule tpm-*']),
    })
    expect(codeOf(queue.enqueue('e', ['m'], { uses: { 'tpm-e': 101 } }))).toBe('use_over_limit')
    expect(audit(queue.log).violations).toEqual([])
    const [last = never()] = queue.log.filter(({ type }) => type === 'started').slice(-1)
    const forged = [...queue.log, { ...last, jobId: 'c', seq: queue.log.length + 1 }]
    expect(audit(forged as never).violations.map(({ rule }) => rule)).toContain('use')

    queue.complete('a')
    const at = queue.log.at(-1)?.at ?? 0
    expect(nextOpeningAt(queue.ledger, at)).toBe(at + 60_000_001)
    const raised = policy({
      capacity: { '*': 9 },
      maxOvertakes: 0,
      uses: { 'tpm-a': { limit: 119, perSeconds } },
    })
    queue.send({ type: 'set_policy', policy: raised })
    expect(queue.claim(9).said).toEqual([])
    expect(queue.later(60_001).claim(9).said).toEqual(['started c by w1'])
  })

  it('gives models places, and places units', () => {
    const capacity = { 'lora-*': ['h1:0', 'h1:1'] }
    const queue = given({ maxActive: null, capacity, units: { 'h1:*': { vram: 24 } } } as never)
    for (const [id, vram] of Object.entries({ a: 20, b: 20, c: 20, d: 4 }))
      queue.enqueue(id, [`lora-${id}`], { asks: { [`lora-${id}`]: { vram } } }, { claim: many })
    expect(started(queue)).toEqual(['a', 'b', 'd'])
    expect(codeOf(queue.enqueue('e', ['lora-e'], { asks: { 'lora-e': { vram: 25 } } }))).toBe('fits_no_place')
    expect(audit(queue.log).violations).toEqual([])
  })

  it('pauses after a loss', () => {
    const queue = given({ maxActive: null, holdAfterLossSeconds: { 'lora-*': 9 } })
    queue.ask('a', ['lora-a'])
    queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: 0 })
    expect([...queue.ledger.pauses].map(({ model }) => model)).toEqual(['lora-a'])
  })

  it('that changes lets in who fits under the new one', () => {
    const queue = given({ maxActive: null, capacity: { 'lora-*': 1 } })
    for (const id of ['a', 'b']) queue.enqueue(id, ['lora-x'], {}, { claim: many })
    expect(started(queue)).toEqual(['a'])
    queue.send({ type: 'set_policy', policy: policy({ capacity: { 'lora-*': 1, 'lora-x*': 2 } }) })
    queue.claim(9)
    expect(started(queue)).toEqual(['a', 'b'])
  })

  it('declares models; a near-miss of one is told which', () => {
    const queue = given(policy({ models: { 'lora-*': { capacity: 2 }, flux: {} } }))
    expect(queue.enqueue('a', ['lora-noir']).result.ok).toBe(true)
    expect(capacityOf(queue.ledger.policy, 'lora-noir')).toBe(2)
    const refused = queue.enqueue('b', ['LoRA noir']).result
    expect(refused).toMatchObject({
      code: 'unknown_model',
      message: expect.stringContaining('did you mean lora-*?'),
    })
    expect(queue.enqueue('c', ['sora']).result).toMatchObject({
      message: expect.not.stringContaining('did you'),
    })
  })
})

function never(): never {
  throw new Error('nothing was started')
}
