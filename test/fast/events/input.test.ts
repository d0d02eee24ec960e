import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  defaultPolicy,
  isInterlockError,
  type PolicyField,
  policyFields,
} from '../../../src/engine/core/index.ts'
import {
  parseJobId,
  parseJobs,
  parseModels,
  parsePause,
  parsePolicy,
  parseSpec,
} from '../../../src/engine/events/index.ts'
import { arbitraryName, arbitraryPolicy } from '../../support/arbitraries.ts'

function messageOf(parse: () => unknown): string {
  try {
    return `accepted ${JSON.stringify(parse())}`
  } catch (error) {
    return isInterlockError(error, 'invalid_input') ? error.message : `unexpected ${String(error)}`
  }
}

describe('a job id', () => {
  it('is any text of 1 to 200 characters without control characters', () => {
    fc.assert(fc.property(arbitraryName, (name) => parseJobId(name) === name))
    expect(parseJobId('x'.repeat(200))).toHaveLength(200)
    expect(parseJobId('a\u0301\u200b🚂')).toBe('a\u0301\u200b🚂')
  })

  it.each([
    ['', 'jobId: must not be empty'],
    ['x'.repeat(201), 'jobId: must have at most 200 characters'],
    ['a\0b', 'jobId: must not contain control characters'],
    ['a\r\nb', 'jobId: must not contain control characters'],
    ['\u001b[31m', 'jobId: must not contain control characters'],
    ['\ud800', 'jobId: contains half of a surrogate pair'],
    [7, 'jobId: must be a text'],
    [{ toString: () => 'a' }, 'jobId: must be a text'],
  ])('is not %j', (value, message) => {
    expect(messageOf(() => parseJobId(value))).toContain(message)
  })
})

describe('models', () => {
  it('keep their order and lose their duplicates', () => {
    expect(parseModels(['b', 'a', 'b'])).toEqual(['b', 'a'])
    expect(parseModels(Array(9_999).fill('a'))).toEqual(['a'])
  })

  it.each([
    ['flux-dev', 'models: must be a list of model names; for one model write ["flux-dev"]'],
    [['a', ''], 'models[1]: must not be empty; give the model a name'],
    [Array.from({ length: 101 }, (_, i) => `m${i}`), 'models: must have at most 100 models'],
    [Array.from({ length: 20_000 }, () => 'a'), 'models: must have at most 100 models'],
  ])('are not %j', (value, message) => {
    expect(messageOf(() => parseModels(value))).toContain(message)
  })
})

describe('a job to enqueue', () => {
  it('gets the defaults for what is left out', () => {
    expect(parseSpec({ jobId: 'a', models: ['m'] })).toEqual({
      jobId: 'a',
      jobType: 'normal',
      kind: 'normal',
      models: ['m'],
      priority: 0,
      runAt: null,
      attempts: 3,
      timeoutMs: 3_600_000,
      expireMs: null,
      fairKey: null,
    })
    expect(parseSpec({ jobId: 'a', jobType: 'workflow', models: [] }, { attempts: 1 })).toMatchObject({
      kind: 'workflow',
      attempts: 1,
    })
  })

  it('takes a time as a Date or as a text with a zone', () => {
    const us = Date.UTC(2026, 10, 24, 15) * 1_000
    expect(parseSpec({ jobId: 'a', models: [], runAt: new Date(us / 1_000) }).runAt).toBe(us)
    expect(parseSpec({ jobId: 'a', models: [], runAt: '2026-11-24T16:00:00+01:00' }).runAt).toBe(us)
  })

  it.each([
    [{ runAt: '2026-11-24T15:00:00' }, 'job.runAt: must be a Date, or a text with a time zone'],
    [{ runAt: new Date(Number.NaN) }, 'job.runAt: must be a Date'],
    [{ runAt: new Date(-1) }, 'job.runAt: must be a Date'],
    [{ priority: 1.5 }, 'job.priority: must be a whole number from -1,000 to 1,000'],
    [{ priority: Number.NaN }, 'job.priority: must be a whole number'],
    [{ attempts: 0 }, 'job.attempts: must be a whole number from 1 to 1,000'],
    [{ timeoutMs: -1 }, 'job.timeoutMs: must be a whole number from 1'],
    [{ jobType: 'odd' }, 'job.jobType: must be "normal" or "workflow"'],
    [{ runat: 1 }, 'job: unknown field "runat" (did you mean runAt?); the fields are jobId,'],
    [
      { asks: { n: { vram: 1 } } },
      'job.asks: names a model that the job does not need; name it in models too',
    ],
    [
      { asks: { m: { vram: 1.5 } } },
      'job.asks.m: must be whole numbers from 1 to 1,000,000,000 by names of units',
    ],
    [
      { asks: { m: { vram: 1 }, n: { vram: 1 } } },
      'job.asks: must say of one model what it takes of its place',
    ],
    [{ models: [['a']] }, 'job.models[0]: must be a text'],
    [JSON.parse('{"__proto__": {"priority": 5}}'), 'job: unknown field "__proto__"'],
  ])('is refused with %j', (change, message) => {
    expect(messageOf(() => parseSpec({ jobId: 'a', models: ['m'], ...change }))).toContain(message)
  })

  it.each([null, undefined, 'a', 7, [], () => {}])('is refused when it is %s', (input) => {
    expect(messageOf(() => parseSpec(input))).toMatch(/^job: must be an object with the fields|^job\.jobId/)
  })

  it('is found by its place in a batch', () => {
    const batch = [
      { jobId: 'a', models: [] },
      { jobId: 'b', models: [''] },
    ]
    expect(messageOf(() => parseJobs(batch))).toContain('jobs[1].models[0]: must not be empty')
    expect(messageOf(() => parseJobs(Array(10_001)))).toContain('jobs: must be a list of at most 10,000')
  })

  it('survives input that is circular, deep or huge', () => {
    const circular: Record<string, unknown> = { jobId: 'a', models: [] }
    circular['self'] = circular
    expect(messageOf(() => parseSpec(circular))).toContain('unknown field "self"')
    const deep = JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)
    expect(messageOf(() => parseSpec({ jobId: 'a', models: deep }))).toContain('job.models[0]')
    const huge = messageOf(() => parseSpec({ jobId: 'a', models: [], ['x'.repeat(10_000_000)]: 1 }))
    expect(huge.length).toBeLessThan(300)
  })
})

describe('a pause', () => {
  it('has a code as its reason, and an optional end', () => {
    const until = new Date('2026-11-24T15:00:00Z')
    expect(parsePause({ reason: 'provider_down', until })).toEqual({
      reason: 'provider_down',
      until: until.getTime() * 1_000,
    })
    expect(parsePause({ reason: 'x' })).toEqual({ reason: 'x', until: null })
  })

  it.each([
    [{ reason: 'the provider is down' }, 'pause.reason: must be a code'],
    [{ reason: '' }, 'pause.reason: must be a code'],
    [{ reason: `a${'b'.repeat(50)}` }, 'pause.reason: must be a code'],
    [{ reason: 'x', until: 'tomorrow' }, 'pause.until: must be a Date'],
    [{ reason: 'x', till: null }, 'pause: unknown field "till"'],
  ])('is refused with %j', (input, message) => {
    expect(messageOf(() => parsePause(input))).toContain(message)
  })
})

describe('a policy', () => {
  it('takes shorthands and parts of a policy', () => {
    expect(parsePolicy('by-model')).toEqual({ ...defaultPolicy, maxActive: null })
    expect(parsePolicy('serial', { ...defaultPolicy, maxActive: 4, offerMs: 9 })).toEqual({
      ...defaultPolicy,
      offerMs: 9,
    })
    expect(parsePolicy({ capacity: { m: 2 }, maxActive: undefined })).toEqual({
      ...defaultPolicy,
      capacity: { m: 2 },
    })
    expect(parsePolicy({})).toEqual(defaultPolicy)
    expect(parsePolicy({ fairShare: { maxActive: 2 } }).fairShare).toEqual({
      spacingSeconds: 0,
      maxWaiting: null,
      maxActive: 2,
    })
  })

  it('takes the names of places for a number of them', () => {
    const { capacity, models } = parsePolicy({
      capacity: { a: ['p', 'q'] },
      models: { a: {}, b: { capacity: ['q'] } },
    })
    expect(capacity).toEqual({ a: ['p', 'q'], b: ['q'] })
    expect(models).toEqual({ a: {}, b: {} })
  })

  it('takes units of places, and takes them back', () => {
    const { units } = parsePolicy({ units: { 'host1:0': { vram: 24, slots: 2 } } })
    expect(units).toEqual({ 'host1:0': { vram: 24, slots: 2 } })
    const before = parsePolicy({ units: { p: { vram: 1 } } })
    expect(parsePolicy({ maxActive: 2 }, before).units).toEqual({ p: { vram: 1 } })
    expect(parsePolicy({ units: null }, before)).toEqual(defaultPolicy)
  })

  it('declares models, each with its capacity if given, and takes it back', () => {
    const declared = parsePolicy(
      { models: { 'flux-dev': {}, upscale: { capacity: 2 } } },
      {
        ...defaultPolicy,
        capacity: { 'flux-dev': 3, old: 4 },
      },
    )
    expect(declared).toEqual({
      ...defaultPolicy,
      capacity: { 'flux-dev': 3, old: 4, upscale: 2 },
      models: { 'flux-dev': {}, upscale: {} },
    })
    expect(parsePolicy({ capacity: { upscale: 5 } }, declared).models).toEqual(declared.models)
    expect(
      parsePolicy({ models: { upscale: { capacity: 7 } }, capacity: { a: 2, upscale: 7 } }, declared),
    ).toEqual({
      ...declared,
      capacity: { a: 2, upscale: 7 },
      models: { upscale: {} },
    })
    expect(parsePolicy(declared)).toEqual(declared)
    expect(parsePolicy({ models: null }, declared)).not.toHaveProperty('models')
    expect(parsePolicy({ models: undefined }, declared)).toEqual(declared)
  })

  it('that is whole comes back as it is', () => {
    fc.assert(
      fc.property(arbitraryPolicy, (policy) => {
        expect(parsePolicy(policy)).toStrictEqual(policy)
      }),
    )
  })

  it('has a flag, and a text for it, for whatever can be set', () => {
    const flagged = Object.values<PolicyField>(policyFields).flatMap(
      (field): readonly Pick<PolicyField, 'flag' | 'says'>[] =>
        field.is === 'fields' ? Object.values(field.fields) : [field],
    )
    for (const { flag, says } of flagged)
      expect([flag, says]).toEqual([expect.any(String), expect.any(String)])
  })

  it('keeps a model that is called __proto__ an ordinary one', () => {
    const { capacity } = parsePolicy({ capacity: JSON.parse('{"__proto__": 3}') })
    expect(Object.entries(capacity)).toEqual([['__proto__', 3]])
  })

  it.each([
    [
      { capacity: { m: 0 } },
      'policy.capacity.m: must be a whole number from 1 to 1,000,000; to stop a model, pause it',
    ],
    [{ capacity: { m: -1 } }, 'policy.capacity.m: must be a whole number'],
    [{ capacity: { m: [] } }, 'policy.capacity.m: must be 1 to 1,000 different names of places'],
    [{ capacity: { m: ['p', 'p'] } }, 'policy.capacity.m: must be 1 to 1,000 different names of places'],
    [{ capacity: { m: ['p', ''] } }, 'policy.capacity.m[1]: must not be empty; give the place a name'],
    [{ capacity: { m: 1.5 } }, 'policy.capacity.m: must be a whole number'],
    [{ capacity: { '': 1 } }, 'policy.capacity.: must not be empty'],
    [{ capacity: [1] }, 'policy.capacity: must be an object of model names, e.g. '],
    [
      { holdAfterLossSeconds: { m: -1 } },
      'policy.holdAfterLossSeconds.m: must be a whole number from 0 to 86,400',
    ],
    [
      { rate: { m: { starts: 0, perSeconds: 1 } } },
      'policy.rate.m.starts: must be a whole number from 1 to 10,000',
    ],
    [{ rate: { m: { starts: 1, perSeconds: 0 } } }, 'policy.rate.m.perSeconds: must be a number of seconds'],
    [{ rate: { m: { starts: 1 } } }, 'policy.rate.m.perSeconds: must be a number of seconds'],
    [{ rate: { '*': { starts: 1, perSeconds: 1 } } }, 'policy.rate: has no "*"'],
    [{ fairShare: { maxActive: 0 } }, 'policy.fairShare.maxActive: must be a whole number from 1'],
    [
      { fairShare: { spacingSeconds: 3_601 } },
      'policy.fairShare.spacingSeconds: must be a number of seconds',
    ],
    [{ fairShare: { space: 1 } }, 'policy.fairShare: unknown field "space"'],
    [{ weights: { k: 0 }, maxOvertakes: 9 }, 'policy.weights.k: must be a whole number from 1 to 1,000'],
    [{ weights: { k: 2 } }, 'policy.weights: has no effect with maxOvertakes 0'],
    [
      { weights: { 'customer-*': 2 }, maxOvertakes: 9 },
      'policy.weights.customer-*: a star stands for the keys of a tier',
    ],
    [
      { weights: { 'paid/eu/*': 2 }, maxOvertakes: 9 },
      'policy.weights.paid/eu/*: a star stands for the keys of a tier',
    ],
    [{ tiers: { free: { maxActive: 0 } } }, 'policy.tiers.free.maxActive: must be a whole number from 1'],
    [{ tiers: { '*': { maxActive: 1 } } }, 'policy.tiers: has no "*"'],
    [
      { capacity: { m: 2 }, models: { m: { capacity: 3 } } },
      'policy.models.m.capacity: is the same field as capacity.m, which is given as 2;',
    ],
    ...[{ p: { vram: 1.5 } }, { p: { vram: 0 } }, { p: {} }, { p: { 'a b': 1 } }, { p: 3 }].map(
      (units): [object, string] => [
        { units },
        'policy.units.p: must be whole numbers from 1 to 1,000,000,000 by names of units, 8 at most',
      ],
    ),
    [{ units: { '*': { vram: 1 } } }, 'policy.units: has no "*": name the places'],
    [{ units: {} }, 'policy.units: must name at least one place; null: no place has units'],
    [{ units: 3 }, 'policy.units: must be an object of place names, e.g. '],
    [{ models: {} }, 'policy.models: must name at least one model; null: a job may need any'],
    [{ models: { '*': {} } }, 'policy.models: has no "*": declare each model by its name'],
    [{ models: ['m'] }, 'policy.models: must be an object of model names, e.g. '],
    [{ models: { m: { capacity: 0 } } }, 'policy.models.m.capacity: must be a whole number from 1'],
    [{ models: { m: { places: 2 } } }, 'policy.models.m: unknown field "places"'],
    [{ models: { m: 2 } }, 'policy.models.m: must be an object with the fields capacity'],
    [{ maxActive: 0 }, 'policy.maxActive: must be a whole number from 1'],
    [{ maxOvertakes: -1 }, 'policy.maxOvertakes: must be a whole number from 0'],
    [{ ageSeconds: Number.NaN }, 'policy.ageSeconds: must be a number of seconds'],
    [{ ageSeconds: Number.POSITIVE_INFINITY }, 'policy.ageSeconds: must be a number of seconds'],
    [{ emptySet: 'maybe' }, 'policy.emptySet: must be one of "bypass", "reject", "exclusive"'],
    [
      { maxactive: 1 },
      'policy: unknown field "maxactive" (did you mean maxActive?); the fields are maxActive,',
    ],
    ['fifo', 'policy: must be "serial", "by-model", or an object'],
    [null, 'policy: must be "serial", "by-model", or an object'],
  ])('is refused with %j', (input, message) => {
    expect(messageOf(() => parsePolicy(input))).toContain(message)
  })
})
