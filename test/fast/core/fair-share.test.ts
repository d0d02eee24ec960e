import { describe, expect, it } from 'vitest'
import type { FairShare } from '../../../src/engine/core/index.ts'
import { codeOf, given, waitingIn } from '../../support/scenario.ts'

const one = { max: 1, kinds: null }

function shared(rule: Partial<FairShare>, policy = {}) {
  const fairShare = { spacingSeconds: 0, maxWaiting: null, maxActive: null, ...rule }
  return given({ maxActive: null, fairShare, ...policy })
}

const of = (fairKey: string) => ({ fairKey })

describe('spacingSeconds', () => {
  it('lets the first job of another customer start next, however many of one customer wait', () => {
    const queue = shared({ spacingSeconds: 60 })
    const specs = Array.from({ length: 5_000 }, (_, n) => `flood${n}`)
    for (const jobId of specs) queue.enqueue(jobId, ['m'], of('loud'))
    queue.claim(1)
    queue.later(1_000).enqueue('quiet', ['m'], of('quiet'))
    expect(queue.complete('flood0', { claim: one }).said).toEqual(['completed flood0', 'started quiet by w1'])
    expect(queue.complete('quiet', { claim: one }).said).toEqual(['completed quiet', 'started flood1 by w1'])
  })

  it('counts those that wait when a job comes, and not those that run', () => {
    const queue = shared({ spacingSeconds: 10 })
    queue.enqueue('A', ['a'], of('k'), { claim: one })
    queue.enqueue('B', ['b'], { ...of('k'), runAt: queue.now + 60_000_000 })
    queue.enqueue('C', ['c'], of('k'))
    const placed = ['A', 'B', 'C'].map(
      (id) => (queue.job(id)?.position.order ?? 0) - (queue.job(id)?.queuedAt ?? 0),
    )
    expect(placed).toEqual([0, 0, 10_000_000])
  })

  it('keeps what a job was put back by when its priority changes', () => {
    const queue = shared({ spacingSeconds: 10 })
    for (const id of ['A', 'B', 'C']) queue.enqueue(id, ['m'], of('k'))
    queue.send({ type: 'reprioritize', jobId: 'C', priority: 1 })
    const { position: place, queuedAt = 0 } = queue.job('C') ?? {}
    expect((place?.order ?? 0) - queuedAt).toBe((20 - 60) * 1_000_000)
  })
})

describe('maxWaiting', () => {
  it('refuses one more, whole batches included, and nobody else (fair_share_limit)', () => {
    const queue = shared({ maxWaiting: 2 })
    queue.enqueue('run', ['m'], of('k'), { claim: one })
    for (const id of ['A', 'B']) expect(codeOf(queue.enqueue(id, ['m'], of('k')))).toBe(undefined)
    expect(codeOf(queue.enqueue('C', ['m'], of('k')))).toBe('fair_share_limit')
    expect(codeOf(queue.enqueue('other', ['m'], of('l')))).toBe(undefined)
    expect(codeOf(queue.enqueue('nobody', ['m']))).toBe(undefined)
    expect(codeOf(queue.enqueue('A', ['m'], of('k')))).toBe(undefined)
    queue.complete('run', { claim: one })
    expect(codeOf(queue.enqueue('C', ['m'], of('k')))).toBe(undefined)
  })
})

describe('maxActive', () => {
  it('holds back further starts with the key, which keep their places', () => {
    const queue = shared({ maxActive: 1 })
    queue.enqueue('A', ['a'], of('k'), { claim: one })
    expect(waitingIn(queue.enqueue('B', ['b'], of('k'), { claim: one }))).toEqual([
      'B: fair_share_limit, null',
    ])
    expect(waitingIn(queue.enqueue('C', ['b'], of('l'), { claim: one }))).toEqual(['C: behind_in_line, B'])
    expect(queue.enqueue('D', ['d'], of('l'), { claim: one }).said).toEqual(['queued D', 'started D by w1'])
    expect(queue.complete('A').said).toEqual(['completed A, offers B'])
  })

  it('counts those that are offered, until their offer runs out', () => {
    const queue = shared({ maxActive: 1 })
    queue.enqueue('A', ['a'], { ...of('k'), kind: 'rare' })
    queue.enqueue('B', ['b'], of('k'))
    expect([queue.offered(), queue.reason('B')]).toEqual([['A'], 'fair_share_limit'])
    expect(queue.later(2_010).claim(1, { kinds: ['normal'] }).said).toEqual(['started B by w1'])
    expect(queue.reason('A')).toBe('fair_share_limit')
  })

  it('finds those behind in any line when jobs may overtake', () => {
    const queue = shared({ maxActive: 1 }, { maxOvertakes: 2 })
    queue.enqueue('A', ['a'], of('k'), { claim: one })
    queue.enqueue('B', ['b'], of('k'))
    expect(queue.complete('A').said).toEqual(['completed A, offers B'])
  })

  it('never looks at the jobs of a full share, however many could start otherwise', () => {
    const queue = shared({ maxActive: 1 })
    queue.enqueue('run', ['a'], of('k'), { claim: one })
    for (let n = 0; n < 100; n++) queue.enqueue(`job${n}`, [`m${n}`], of('k'))
    expect(queue.ledger.ready.size).toBe(0)
    // And of an open one at the first alone.
    expect(queue.complete('run').said).toEqual(['completed run, offers job0'])
    expect([...queue.ledger.ready].map(({ jobId }) => jobId)).toEqual(['job1'])
    queue.policy({ fairShare: null })
    expect(queue.offered()).toHaveLength(100)
    queue.policy({ fairShare: { spacingSeconds: 0, maxWaiting: null, maxActive: 3 } })
    expect(queue.offered()).toEqual(['job0', 'job1', 'job2'])
  })

  it('does not keep back those behind one that a rate keeps back', () => {
    const rate = { a: { starts: 1, perSeconds: 60 } }
    const queue = shared({ maxActive: 3 }, { rate, capacity: { a: 9 } })
    for (const id of ['A', 'B', 'C']) queue.enqueue(id, ['a'], of('k'))
    queue.enqueue('D', ['d'], of('k'))
    queue.enqueue('E', ['e'])
    expect(queue.claim(9).said).toEqual(['started A by w1', 'started D by w1', 'started E by w1'])
    expect(queue.later(61_000).claim(9).said).toEqual(['started B by w1'])
  })

  it('does not take a lease away when it is lowered', () => {
    const queue = shared({ maxActive: 2 })
    for (const id of ['A', 'B']) queue.enqueue(id, [id], of('k'), { claim: one })
    queue.policy({ fairShare: { spacingSeconds: 0, maxWaiting: null, maxActive: 1 } })
    expect(queue.running()).toEqual(['A', 'B'])
    queue.enqueue('C', ['c'], of('k'))
    expect(queue.complete('A').said).toEqual(['completed A'])
    expect(queue.complete('B').said).toEqual(['completed B, offers C'])
  })
})

describe.each(['null', 'undefined', '', '__proto__', 'constructor', 'free'])('a tier called %j', (tier) => {
  it('counts the offers of its own keys, and of no other', () => {
    const queue = given({
      maxActive: null,
      tiers: Object.fromEntries([[tier, { maxActive: null, maxTogether: 1 }]]),
    })
    for (const key of ['k', 'other/k', 'free', 'null']) queue.enqueue(key, [key], of(key))
    queue.enqueue('first', ['first'], of(`${tier}/x`))
    expect(waitingIn(queue.enqueue('second', ['second'], of(`${tier}/y`)))).toEqual([
      'second: fair_share_limit, null',
    ])
    expect(queue.offered()).toEqual(['k', 'other/k', 'free', 'null', 'first'])
  })
})

describe('tiers', () => {
  const tiered = (
    free: { maxActive: number | null; maxTogether: number | null },
    fairShare: number | null = null,
  ) => shared({ maxActive: fairShare }, { tiers: { free } })

  it('limit each key of a tier, in the place of the share of all keys', () => {
    const queue = tiered({ maxActive: 2, maxTogether: null }, 1)
    for (const id of ['A', 'B', 'C']) queue.enqueue(id, [id], of('free/x'), { claim: one })
    for (const id of ['D', 'E']) queue.enqueue(id, [id], of('paid/y'), { claim: one })
    queue.enqueue('F', ['F'], of('free/z'), { claim: one })
    expect(queue.running()).toEqual(['A', 'B', 'D', 'F'])
    expect([queue.reason('C'), queue.reason('E')]).toEqual(['fair_share_limit', 'fair_share_limit'])
  })

  it('limit all keys of a tier together, and nobody else', () => {
    const queue = tiered({ maxActive: null, maxTogether: 2 })
    for (const id of ['A', 'B', 'C']) queue.enqueue(id, [id], of(`free/${id}`), { claim: one })
    queue.enqueue('D', ['D'], of('paid/D'), { claim: one })
    expect(queue.running()).toEqual(['A', 'B', 'D'])
    expect(queue.told('C')?.reason).toBe('as many jobs of tier free are running as it may have')
    expect(queue.complete('A', { claim: one }).said).toEqual(['completed A', 'started C by w1'])
  })

  it('end the offers of a tier when it is full, and make them again when it is not', () => {
    const queue = tiered({ maxActive: null, maxTogether: 1 })
    queue.enqueue('A', ['A'], of('free/a'))
    queue.enqueue('B', ['B'], of('free/b'))
    expect(queue.offered()).toEqual(['A'])
    queue.claim()
    expect(queue.complete('A').said).toEqual(['completed A, offers B'])
  })

  it('count those that run when the limits change, and take no lease away', () => {
    const queue = shared({})
    for (const id of ['A', 'B']) queue.enqueue(id, [id], of(`free/${id}`), { claim: one })
    queue.policy({ tiers: { free: { maxActive: null, maxTogether: 1 } } })
    queue.enqueue('C', ['C'], of('free/c'))
    expect([queue.running(), queue.complete('A').said]).toEqual([['A', 'B'], ['completed A']])
    expect(queue.complete('B').said).toEqual(['completed B, offers C'])
  })
})
