import { describe, expect, it } from 'vitest'
import {
  type Ledger,
  nextOpeningAt,
  replay,
  specDefaults,
  type Uses,
} from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { codeOf, given, type Scenario, waitingIn } from '../../support/scenario.ts'

const one = { max: 1, kinds: null }
const all = { claim: { max: 9, kinds: null } }
const rules = { maxActive: null, capacity: { gpt: 9, mini: 9 }, maxOvertakes: 0 }
const tpm = { limit: 100, perSeconds: 60 }
const fairShare = { maxActive: 1, maxWaiting: null, spacingSeconds: 0 }

/** Jobs of one model that ask for so many tokens, each started as it comes if that is allowed. */
function started(queue: Scenario, jobs: Readonly<Record<string, number>>): readonly boolean[] {
  return Object.entries(jobs).map(([jobId, ask]) => {
    queue.enqueue(jobId, ['gpt'], { uses: { tpm: ask } }, { claim: one })
    return queue.job(jobId)?.active === true
  })
}

function complete(queue: Scenario, jobId: string, used?: Uses) {
  const token = queue.job(jobId)?.token ?? 0
  return queue.send({ type: 'complete', jobId, token, ...(used && { used }) }, all)
}

describe('what jobs use of a resource', () => {
  it('is reserved from their start on: no start goes above the limit', () => {
    const queue = given({ ...rules, uses: { tpm } })
    expect(started(queue, { A: 60, B: 40, C: 1 })).toEqual([true, true, false])
    expect(queue.reason('C')).toBe('rate_limited')
    expect(queue.told('C')).toMatchObject({
      reason:
        '100 of the 100 of tpm in 60 s are used or reserved; there is enough for it when running jobs have ended',
      until: null,
    })
  })

  it('counts as it was used from the end on, for as long as the window is', () => {
    const queue = given({ ...rules, uses: { tpm } })
    started(queue, { A: 60, B: 40, C: 30 })
    expect(complete(queue, 'A', { tpm: 30 }).said).toEqual(['completed A', 'started C by w1'])
    started(queue, { D: 10 })
    const at = queue.log.find(({ type }) => type === 'completed')?.at ?? 0
    expect(queue.told('D')).toMatchObject({ code: 'rate_limited', until: at + 60_000_001 })
    expect(nextOpeningAt(queue.ledger, at)).toBe(at + 60_000_001)
    expect(queue.later(60_000).claim().said).toEqual([])
    expect(queue.later(1).claim().said).toEqual(['started D by w1'])
  })

  it('counts as it was reserved if the attempt does not say, fails, or is lost', () => {
    const queue = given({ ...rules, uses: { tpm } })
    started(queue, { A: 30, B: 30, C: 40, D: 1 })
    complete(queue, 'A')
    queue.fail('B', null)
    queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: queue.now + 1e9 })
    expect(queue.running()).toEqual([])
    expect(queue.claim(9).said).toEqual([])
    expect(queue.reason('D')).toBe('rate_limited')
  })

  it('may be more than was reserved: that is told, and breaks no promise', () => {
    const queue = given({ ...rules, uses: { tpm } })
    started(queue, { A: 60 })
    complete(queue, 'A', { tpm: 150 })
    expect(started(queue, { B: 1 })).toEqual([false])
    expect(audit(queue.log)).toMatchObject({ violations: [], overruns: 1 })
    expect(queue.later(60_001).claim().said).toEqual(['started B by w1'])
  })

  it('has several windows: all of them have to have room', () => {
    const queue = given({ ...rules, uses: { tpm: [tpm, { limit: 150, perSeconds: 3_600 }] } })
    started(queue, { A: 100 })
    complete(queue, 'A')
    expect(started(queue.later(61_000), { B: 50, C: 1 })).toEqual([true, false])
    complete(queue, 'B')
    expect(queue.later(61_000).claim().said).toEqual([])
    expect(queue.later(3_600_000).claim().said).toEqual(['started C by w1'])
  })

  it('counts once in each window that the policy gives it later, however the log is read', () => {
    const queue = given({ ...rules, uses: { tpm } })
    started(queue, { A: 30, B: 20 })
    complete(queue, 'A')
    queue.policy({ uses: { tpm: [tpm, { limit: 200, perSeconds: 3_600 }] } })
    complete(queue, 'B')
    const sums = (ledger: Ledger) =>
      [...ledger.models].flatMap(({ meter }) => meter?.ended.map((ended) => ended.max()?.sum) ?? [])
    expect([sums(queue.ledger), sums(replay(queue.log))]).toEqual([
      [50, 50],
      [50, 50],
    ])
  })

  it('holds up nobody who does not use it', () => {
    const queue = given({ ...rules, uses: { tpm } })
    started(queue, { A: 100, B: 50 })
    queue.enqueue('other', ['gpt'], {}, { claim: one })
    expect(queue.running()).toEqual(['A', 'other'])
  })

  it('is kept for the first in line that lacks nothing else; who waits for a model keeps nothing', () => {
    const queue = given({ ...rules, capacity: { gpt: 9, mini: 1 }, uses: { tpm } })
    queue.enqueue('busy', ['mini'], {}, { claim: one })
    started(queue, { A: 50 })
    queue.enqueue('mini-waits', ['mini'], { uses: { tpm: 50 } })
    expect(started(queue, { large: 60, small: 10 })).toEqual([false, false])
    expect(queue.told('small')).toMatchObject({
      code: 'rate_limited',
      reason: 'what is left of tpm is kept for job large, which is ahead of it',
    })
    complete(queue, 'A', { tpm: 0 })
    expect(queue.running()).toEqual(['busy', 'large', 'small'])
    expect(waitingIn(queue.enqueue('none', ['gpt'], { uses: { tpm: 40 } }))).toEqual([
      'none: rate_limited, null',
    ])
  })

  describe.each([
    ['on models', {}],
    ['on models with places', { a: ['p'], b: ['q'] }],
  ])('%s', (_, places) => {
    const capacity = { ...rules.capacity, ...places }
    it.each([
      ['stands behind another one now', { models: ['a'], fairKey: null }],
      ['has to wait for its share', { models: ['b'], fairKey: 'k' }],
    ])('is no longer kept for who %s: others start in the same append', (_reason, { models, fairKey }) => {
      const queue = given({ ...rules, capacity, uses: { tpm }, fairShare })
      queue.enqueue('offered', ['gpt'], { uses: { tpm: 60 } })
      queue.enqueue('large', ['a'], { uses: { tpm: 50 }, fairKey: 'k' })
      queue.enqueue('small', ['d'], { uses: { tpm: 10 } })
      expect(queue.reason('small')).toBe('rate_limited')
      const { said } = queue.enqueue('first', models, { priority: 2, fairKey })
      expect(said).toEqual(['queued first, offers first small'])
    })

    it('nor for who was passed often enough, while he waits for his share', () => {
      const queue = given({ ...rules, maxOvertakes: 1, capacity, uses: { tpm }, fairShare })
      started(queue, { running: 60 })
      queue.enqueue('large', ['a'], { uses: { tpm: 50 }, fairKey: 'k' })
      started(queue, { passes: 20 })
      queue.enqueue('small', ['d'], { uses: { tpm: 10 } })
      expect(queue.reason('small')).toBe('rate_limited')
      const { said } = queue.enqueue('first', ['b'], { priority: 2, fairKey: 'k' })
      expect(said).toEqual(['queued first, offers first small'])
    })
  })

  it('may be taken by those behind so often, where jobs may overtake', () => {
    const queue = given({ ...rules, maxOvertakes: 2, uses: { tpm } })
    started(queue, { A: 50 })
    expect(started(queue, { large: 60, s1: 10, s2: 10, s3: 10 })).toEqual([false, true, true, false])
    expect(queue.job('large')?.overtaken).toBe(2)
  })

  it('is counted of active jobs from when it gets a limit, and no longer once it has none', () => {
    const queue = given(rules)
    started(queue, { A: 60, B: 60 })
    queue.policy({ uses: { tpm } })
    expect(started(queue, { C: 10 })).toEqual([false])
    const { uses: _, ...without } = queue.ledger.policy
    queue.send({ type: 'set_policy', policy: without }, all)
    expect(queue.running()).toEqual(['A', 'B', 'C'])
    for (const jobId of ['A', 'B', 'C']) complete(queue, jobId)
    expect([...queue.ledger.models]).toEqual([])
  })
})

describe('a job that asks for more of a resource than there ever is', () => {
  it('is refused (use_over_limit)', () => {
    const queue = given({ ...rules, uses: { tpm } })
    const { result } = queue.enqueue('A', ['gpt'], { uses: { tpm: 101 } })
    expect(result).toMatchObject({
      code: 'use_over_limit',
      message:
        'job A: it asks for 101 of tpm, and the policy never allows more than 100; ask for less, or raise the limit: `npx interlock-queue policy set --uses tpm=<limit>/<seconds>`',
    })
    expect(codeOf(queue.ask('A', ['gpt']))).toBeUndefined()
  })

  it('waits where the limit came later, and keeps nothing from others, until it is raised', () => {
    const queue = given({ ...rules, capacity: { gpt: 1 } })
    queue.enqueue('busy', ['gpt'], {}, { claim: one })
    queue.enqueue('A', ['gpt'], { uses: { tpm: 101 } })
    queue.enqueue('B', ['gpt'])
    queue.policy({ uses: { tpm } })
    expect(queue.told('A')).toMatchObject({
      code: 'use_over_limit',
      reason: 'it asks for 101 of tpm, and the policy never allows more than 100',
    })
    expect(queue.row('A')).toMatchObject({
      blocked_on: null,
      conflict_reason: 'it asks for 101 of tpm, and the policy never allows more than 100',
    })
    expect(complete(queue, 'busy').said).toEqual(['completed busy', 'started B by w1'])
    queue.policy({ uses: { tpm: { limit: 200, perSeconds: 60 } } })
    expect(complete(queue, 'B').said).toEqual(['completed B', 'started A by w1'])
  })

  it('waits if it was committed in a transaction of its submitter', () => {
    const queue = given({ ...rules, uses: { tpm } })
    const own = { jobId: 'A', jobType: 'normal', kind: 'normal', models: ['gpt'] } as const
    const spec = { ...specDefaults, ...own, uses: { tpm: 101 } }
    const { result } = queue.send({ type: 'enqueue', specs: [spec], submissions: [1] })
    expect(result).toMatchObject({ held: [], waiting: [{ jobId: 'A', code: 'use_over_limit' }] })
  })
})
