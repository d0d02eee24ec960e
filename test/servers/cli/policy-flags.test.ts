/** The flags of `policy set`: what is typed, and the policy that it makes. */
import { describe, expect, it } from 'vitest'
import { hasPolicyFlags, type PolicyFlags, policyFrom } from '../../../src/apps/cli/policy-flags.ts'
import { defaultPolicy, type Policy } from '../../../src/engine/core/index.ts'
import { policyFacts, policyText } from '../../../src/tools/format/policy-text.ts'
import { migratedDatabase } from '../contract/support.ts'
import { documentOf } from './history.ts'

const set = (flags: object, base: Policy = defaultPolicy) => policyFrom(flags as PolicyFlags, base)

describe('policy set (policyFrom, hasPolicyFlags)', () => {
  it.each<readonly [object, Partial<Policy>]>([
    [
      { maxActive: 'none', overtakes: '16' },
      { maxActive: null, maxOvertakes: 16 },
    ],
    [
      { policy: 'by-model', capacity: ['a=b=2', '*=3'] },
      { maxActive: null, capacity: { 'a=b': 2, '*': 3 } },
    ],
    [{ capacity: ['a=p:0,p:1', 'b=q,', 'c=2'] }, { capacity: { a: ['p:0', 'p:1'], b: ['q'], c: 2 } }],
    [{ models: ['a=p:0', 'b'] }, { models: { a: {}, b: {} }, capacity: { a: ['p:0'] } }],
    [
      { age: '0.5', offer: '10', emptySet: 'reject' },
      { ageSeconds: 0.5, offerMs: 10, emptySet: 'reject' },
    ],
    [
      { hold: ['m=5'], rate: ['m=5/0.5'] },
      { holdAfterLossSeconds: { m: 5 }, rate: { m: { starts: 5, perSeconds: 0.5 } } },
    ],
    [
      { overtakes: '9', weight: ['*=1', 'paid/*=4'] },
      { maxOvertakes: 9, weights: { '*': 1, 'paid/*': 4 } },
    ],
    [
      { tier: ['free=1/20', 'paid=5/none'] },
      { tiers: { free: { maxActive: 1, maxTogether: 20 }, paid: { maxActive: 5, maxTogether: null } } },
    ],
    [{ shareActive: '2' }, { fairShare: { spacingSeconds: 0, maxWaiting: null, maxActive: 2 } }],
    [
      { retention: 'none', archive: 'drop' },
      { retentionDays: null, archive: 'drop' },
    ],
    [{ models: ['a', 'b=2'] }, { models: { a: {}, b: {} }, capacity: { b: 2 } }],
  ])('%j makes %j', (flags, policy) => {
    expect(set(flags)).toEqual({ ...defaultPolicy, ...policy })
    expect(hasPolicyFlags(flags)).toBe(true)
  })

  it('declares more models, takes one back, and all of them', () => {
    const declared = set({ models: ['a', 'b=2'] })
    expect(set({ models: ['c', 'a=none'] }, declared)).toEqual({ ...declared, models: { b: {}, c: {} } })
    expect(set({ models: ['none'] }, declared)).toEqual({ ...defaultPolicy, capacity: { b: 2 } })
    const cards = { ...defaultPolicy, capacity: { c: 2, a: ['h:0', 'h:1'], b: ['h:0', 'h:1'] } }
    expect(policyText(cards)).toContain('capacity c=2, places h:0,h:1 for a b, ')
    expect(policyText(declared)).toContain('only the models a, b')
    expect(policyFacts(defaultPolicy)).toContainEqual(['declared', 'jobs may need any model'])
  })

  it('groups jobs by loaded models; each flag changes its own part', () => {
    const grouped = set({ warmPassed: '16', warmSeconds: '120', load: ['flux=12', '*=5'] })
    const warm = { maxPassed: 16, maxPassedSeconds: 120, minLoadedSeconds: 0 }
    expect(grouped.warm).toEqual({ ...warm, loadSeconds: { flux: 12, '*': 5 } })
    expect(set({ load: ['wan=40', 'flux=none'], minLoaded: '9' }, grouped).warm).toEqual({
      ...{ ...warm, minLoadedSeconds: 9 },
      loadSeconds: { '*': 5, wan: 40 },
    })
    expect(policyText(grouped)).toContain('loaded models first, past a job 16 times and for 120 s at most')
    expect(policyText(set({ warmPassed: '0' }, grouped))).not.toContain('loaded')
    expect(() => set({ warmPassed: '16' })).toThrow(
      'policy.warm.maxPassedSeconds: must be a number of seconds',
    )
  })

  it('says what places have, takes one back, and all of them', () => {
    const measured = set({ units: ['host1:0=vram:24+slots:4', 'p=vram:8'] })
    expect(measured.units).toEqual({ 'host1:0': { vram: 24, slots: 4 }, p: { vram: 8 } })
    expect(policyText(measured)).toContain('host1:0 has 24 vram and 4 slots, p has 8 vram')
    expect(set({ units: ['p=none'] }, measured).units).toEqual({ 'host1:0': { vram: 24, slots: 4 } })
    expect(set({ units: ['none'] }, measured)).toEqual(defaultPolicy)
  })

  it('takes out a name with a comma that another program has set', () => {
    const base = { ...defaultPolicy, capacity: { 'a,b': 2 } }
    expect(set({ capacity: ['a,b=none'] }, base).capacity).toEqual({})
  })

  it('takes back a share of which nothing is left', () => {
    const shared = set({ shareActive: '2', spacing: '3' })
    expect(set({ shareActive: 'none' }, shared).fairShare).toMatchObject({
      spacingSeconds: 3,
      maxActive: null,
    })
    expect(set({ shareActive: 'none', spacing: '0' }, shared).fairShare).toBeNull()
  })

  it.each([
    [{ maxActive: '0' }, '--max-active 0: must be a whole number from 1 to 1,000,000, or none'],
    [{ offer: 'none' }, '--offer none: must be a whole number from 0'],
    [{ emptySet: 'maybe' }, '--empty-set maybe: must be bypass or reject or exclusive'],
    [
      { units: ['p=vram'] },
      '--units p=vram: must be place=name:n, such as host1:0=vram:24+slots:4; place=none',
    ],
    [{ capacity: ['m'] }, '--capacity m: must be model=n, such as flux-dev=2'],
    [{ rate: ['m=5'] }, '--rate m=5: must be model=starts/seconds'],
    [{ tier: ['free=5'] }, '--tier free=5: must be tier=n/m'],
    [{ models: ['none', 'm'] }, '--models none: takes all of them back; give it alone'],
    [{ models: ['m=x'] }, '--models m=x: must be model, or model=n with its capacity'],
    [
      { models: ['a,b'] },
      '--models a,b: is one name with a comma; give each model its own flag: --models a --models b',
    ],
    [
      { capacity: ['a, b=2'] },
      '--capacity a, b=2: is one name with a comma; give each model its own flag: --capacity a=2 --capacity b=2',
    ],
    [{ models: ['NONE'] }, '--models NONE: no model is called so here; to take them back: --models none'],
    [{ models: ['b=2'], capacity: ['b=3'] }, 'models.b.capacity: is the same field as capacity.b'],
  ])('%j is refused', (flags, said) => {
    expect(() => set(flags)).toThrow(said)
  })
})

it('policy set --models none lets jobs need any model again: the log has it', async () => {
  const url = await migratedDatabase()
  const policy = async (...words: string[]) =>
    (await documentOf(url, ['policy', ...words])) as { readonly models?: object }
  expect(await policy('set', '--models', 'flux-dev')).toMatchObject({ models: { 'flux-dev': {} } })
  expect(await policy('set', '--models', 'upscale=2')).toMatchObject({ capacity: { upscale: 2 } })
  expect((await policy('set', '--models', 'upscale=none')).models).toEqual({ 'flux-dev': {} })
  expect(await documentOf(url, ['policy', 'set', '--models', 'flux-dev=none'], 2)).toMatchObject({
    error: { code: 'invalid_input', message: expect.stringContaining('--models none') },
  })
  expect(await policy('set', '--models', 'none')).not.toHaveProperty('models')
  expect(await policy()).not.toHaveProperty('models')
  expect(await documentOf(url, ['enqueue', '--job', 'a', '--models', 'other'])).toMatchObject({ queued: 1 })
})
