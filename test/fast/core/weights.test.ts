import { describe, expect, it } from 'vitest'
import type { JobSpec, Policy } from '../../../src/engine/core/index.ts'
import { fairFrom } from '../../../src/engine/core/line/fair-queue.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const one = { max: 1, kinds: null }
const weighed = (policy: Partial<Policy> = {}) =>
  given({ maxActive: null, maxOvertakes: null, weights: { '*': 1 }, ...policy })
/** So many jobs of each key, all of the first key first: `k0`, `k1` … `l0` …; they need `m`. */
function backlog(queue: Scenario, counts: Readonly<Record<string, number>>, spec: Partial<JobSpec> = {}) {
  for (const [fairKey, count] of Object.entries(counts))
    for (let i = 0; i < count; i++) queue.enqueue(`${fairKey}${i}`, ['m'], { fairKey, ...spec })
}
/** Each attempt runs for so many seconds by its key, and the next one follows. Who started, in order. */
function turns(queue: Scenario, count: number, seconds: (jobId: string) => number = () => 10): string[] {
  const started: string[] = []
  let [running] = queue.claim().said
  for (let i = 0; i < count && running !== undefined; i++) {
    const jobId = running.split(' ')[1] ?? ''
    started.push(jobId)
    queue.later(seconds(jobId) * 1_000)
    running = queue.complete(jobId, { claim: one }).said[1]
  }
  return started
}

describe('weights', () => {
  it('let one key of a long backlog and another take turns, in the order of their own jobs', () => {
    const queue = weighed()
    backlog(queue, { k: 500, l: 3 })
    expect(turns(queue, 7)).toEqual(['k0', 'l0', 'k1', 'l1', 'k2', 'l2', 'k3'])
  })

  it('count seconds, not jobs: who runs four times as long has a turn in five', () => {
    const queue = weighed()
    backlog(queue, { k: 50, l: 50 })
    const started = turns(queue, 40, (jobId) => (jobId.startsWith('k') ? 40 : 10))
    expect(started.filter((jobId) => jobId.startsWith('k')).length).toBe(8)
  })

  it('give a key of weight 3 three turns of four, and a tier its own; the more particular one counts', () => {
    const queue = weighed({ weights: { 'paid/*': 3, 'paid/x': 1 } })
    backlog(queue, { 'free/f': 50, 'paid/p': 50, 'paid/x': 50 })
    const started = turns(queue, 50)
    const count = (key: string) => started.filter((jobId) => jobId.startsWith(key)).length
    expect([count('free/f'), count('paid/p'), count('paid/x')]).toEqual([10, 30, 10])
  })

  it('give no credit for having been away, and leave no debt to who ran alone', () => {
    const queue = weighed()
    backlog(queue, { k: 20 })
    turns(queue, 10)
    backlog(queue, { l: 20 })
    expect(turns(queue, 0)).toEqual([])
    const started: string[] = []
    let next = queue.running()[0] ?? ''
    for (let i = 0; i < 6; i++) {
      queue.later(10_000)
      next = queue.complete(next, { claim: one }).said[1]?.split(' ')[1] ?? ''
      started.push(next)
    }
    expect(started.filter((jobId) => jobId.startsWith('l')).length).toBe(3)
  })

  it('make a newcomer begin with its own competitors, not with who ran ahead of all where nobody competes', () => {
    const queue = weighed()
    queue.enqueue('alone', ['other'], { fairKey: 'h' })
    queue.claim()
    queue.later(1_000_000).complete('alone')
    queue.enqueue('alone2', ['other'], { fairKey: 'h' })
    queue.claim()
    backlog(queue, { k: 20 })
    queue.claim(1)
    queue.later(10_000).complete('k0', { claim: one })
    backlog(queue, { l: 2 })
    queue.later(10_000)
    expect(queue.complete('k1', { claim: one }).said[1]).toBe('started l0 by w1')
  })

  it('count what a running job is expected to use, and then what it did: also of one that was lost', () => {
    const queue = weighed({ capacity: { m: 2 } })
    backlog(queue, { k: 1, l: 1 })
    queue.claim(2)
    queue.later(100_000).complete('k0')
    queue.later(0).complete('l0')
    backlog(queue, { k: 4, l: 4 }, { attempts: 1 })
    const { events } = queue.claim(2)
    expect(events.map((event) => 'expects' in event && Math.round((event.expects ?? 0) / 1e6))).toEqual([
      100, 100,
    ])
    queue
      .later(1_000_000)
      .send({ type: 'expire_leases', workerIds: ['w1'], retryAt: queue.now }, { worker: 'w2' })
    const { fair } = queue.ledger
    expect(
      [...(fair?.keys ?? [])].map(({ settled, expected }) => [Math.round(settled / 1e6), expected]),
    ).toEqual([
      [1_100, 0],
      [1_100, 0],
    ])
  })

  it('charge a batch to the key of its first job', () => {
    const queue = weighed()
    backlog(queue, { k: 1, l: 5 })
    queue.send({ type: 'claim' }, { claim: { ...one, batches: [{ kind: '*', size: 3 }] } })
    queue.later(10_000)
    for (const jobId of queue.running()) queue.complete(jobId)
    const { fair } = queue.ledger
    const settled = [...(fair?.keys ?? [])].map(({ key, settled }) => [key, Math.round(settled / 1e6)])
    expect(settled).toEqual([
      ['k', 10],
      ['l', 0],
    ])
  })

  it('never pass a job that was passed maxOvertakes times', () => {
    const queue = weighed({ maxOvertakes: 2 })
    queue.enqueue('k0', ['m'], { fairKey: 'k' })
    queue.claim()
    queue.enqueue('k1', ['m'], { fairKey: 'k' })
    backlog(queue, { l: 9 })
    queue.later(1_000_000)
    const started = ['k0']
    for (let i = 0; i < 4; i++) {
      const [, said] = queue.later(10).complete(started.at(-1) ?? '', { claim: one }).said
      started.push(said?.split(' ')[1] ?? '')
    }
    expect(started).toEqual(['k0', 'l0', 'l1', 'k1', 'l2'])
  })

  it('pass the first of the jobs of a key that use the same, in whatever order they name it', () => {
    const queue = weighed({ capacity: { m: ['t'] }, units: { t: { p: 1, q: 2 } } })
    queue.enqueue('k0', ['m'], { fairKey: 'k' }, { claim: one })
    queue.enqueue('k1', ['m'], { fairKey: 'k', uses: { x: 1, y: 2 }, asks: { m: { p: 1, q: 2 } } })
    queue.enqueue('k2', ['m'], { fairKey: 'k', uses: { y: 2, x: 1 }, asks: { m: { q: 2, p: 1 } } })
    queue.enqueue('l0', ['m'], { fairKey: 'l' })
    expect(queue.later(10_000).complete('k0', { claim: one }).said).toEqual([
      'completed k0',
      'started l0 by w1',
    ])
    expect([queue.job('k1')?.overtaken, queue.job('k2')?.overtaken]).toEqual([1, 0])
  })

  it('are told: what the key of a waiting job has used, and how many keys go before it', () => {
    const queue = weighed({ weights: { '*': 2 } })
    backlog(queue, { k: 2, l: 3 })
    turns(queue, 2, (jobId) => (jobId.startsWith('k') ? 30 : 10))
    expect(queue.running()).toEqual(['l1'])
    expect(queue.explain('k1')?.also).toContain(
      'its turn: k has used 15 s of models, over a weight of 2, and 1 that wait have used less',
    )
    expect(queue.explain('l2')?.also).toContain(
      'its turn: l has used 10 s of models, over a weight of 2, and no other that waits has used less',
    )
  })

  it('go by slots too, and count that as overtaking', () => {
    const queue = weighed({ maxActive: 1, maxOvertakes: 1 })
    queue.enqueue('k0', ['a'], { fairKey: 'k' })
    queue.claim()
    queue.enqueue('k1', ['b'], { fairKey: 'k' })
    queue.enqueue('l0', ['c'], { fairKey: 'l' })
    queue.enqueue('l1', ['d'], { fairKey: 'l' })
    queue.later(1_000_000)
    expect(queue.complete('k0', { claim: one }).said[1]).toBe('started l0 by w1')
    expect(queue.job('k1')?.overtaken).toBe(1)
    expect(queue.later(10).complete('l0', { claim: one }).said[1]).toBe('started k1 by w1')
  })

  it('do nothing in a log whose policy is in strict order', () => {
    const queue = weighed({ maxOvertakes: 0 })
    backlog(queue, { k: 3, l: 1 })
    expect([turns(queue, 4), queue.ledger.fair]).toEqual([['k0', 'k1', 'k2', 'l0'], null])
  })

  it('are the same after other rules, and forgotten when they are taken back', () => {
    const queue = weighed()
    backlog(queue, { k: 5, l: 5 })
    turns(queue, 3)
    const before = [...(queue.ledger.fair?.keys ?? [])].map(({ settled }) => settled)
    queue.policy({ capacity: { m: 3 } })
    expect([...(queue.ledger.fair?.keys ?? [])].map(({ settled }) => settled)).toEqual(before)
    const { weights: _, ...rest } = queue.ledger.policy
    queue.send({ type: 'set_policy', policy: rest })
    expect(queue.ledger.fair).toBe(null)
  })

  it('remember so many keys without jobs, those that have used most', () => {
    const keys = Array.from({ length: 10_050 }, (_, i) => [`k${i}`, i, null] as const)
    const fair = fairFrom(weighed().ledger, { now: 0, typical: 0, keys })
    expect([fair?.keys.size, fair?.idle.min()?.settled]).toEqual([10_000, 50])
  })
})
