import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  defaultPolicy,
  type Event,
  emptyLedger,
  fold,
  type RecordedEvent,
  specDefaults,
  type Uses,
} from '../../../src/engine/core/index.ts'
import { Collector } from '../../../src/tools/insight/stats/collector.ts'
import { Level } from '../../../src/tools/insight/stats/levels.ts'
import { statsOf } from '../../../src/tools/insight/stats/stats.ts'
import { summaryOf } from '../../../src/tools/insight/stats/summary.ts'
import { UseSums } from '../../../src/tools/insight/stats/use-sums.ts'
import { given } from '../../support/scenario.ts'

const SECOND = 1_000_000
const T0 = 1_000_000 * SECOND

const spec = (jobId: string, models: readonly string[]) =>
  ({ jobId, jobType: 'normal', kind: 'normal', models, ...specDefaults }) as const
const queued = (jobId: string, models: readonly string[]): Event => ({
  type: 'queued',
  jobId,
  spec: spec(jobId, models),
})
const started = (jobId: string, models: readonly string[]): Event => ({
  ...{ type: 'started', jobId, workerId: 'w', attempt: 1, models },
})

/** [second, event] */
const log = (steps: readonly (readonly [number, Event])[]): RecordedEvent[] =>
  steps.map(([second, event], index) => ({
    ...event,
    seq: index + 1,
    at: T0 + second * SECOND,
    commandId: `c${index}`,
    commandHash: 0,
  }))

/** a runs from 1 to 3, b waits for it from 1 and runs from 3 to 4; c waits for the one slot and is cancelled at 4. */
const small = log([
  [0, queued('a', ['m'])],
  [1, started('a', ['m'])],
  [1.000001, queued('b', ['m', 'n'])],
  [2, queued('c', ['o'])],
  [3, { type: 'completed', jobId: 'a', token: 2 }],
  [3.000001, started('b', ['m', 'n'])],
  [3.9, { type: 'cancelled', jobId: 'c', token: null }],
  [4, { type: 'completed', jobId: 'b', token: 6 }],
])

function measured(
  events: readonly RecordedEvent[],
  before: readonly RecordedEvent[],
  from: number,
  to: number,
) {
  const slices = { from: T0 + from * SECOND, to: T0 + to * SECOND, count: to - from }
  const collector = new Collector(slices, fold(emptyLedger, before).ledger)
  for (const event of events) collector.push(event)
  return statsOf('q', collector, collector.finish())
}

/** Events within a millisecond are folded together, so times are right to that. */
const near = (values: readonly number[], wanted: readonly number[]): void => {
  expect(values).toHaveLength(wanted.length)
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(wanted[i] ?? Number.NaN, 2)
}

const keyed = (jobId: string, fairKey: string | null): Event => ({
  ...{ type: 'queued', jobId },
  spec: { ...spec(jobId, ['m', 'n']), fairKey },
})

describe('stats by fair key and tier', () => {
  const rules = { ...defaultPolicy, maxActive: null, capacity: { m: 99, n: 99 } }
  const many = Array.from({ length: 21 }, (_, n) => `free/${n}`)
  const events = log([
    [0, { type: 'policy_changed', policy: rules, workerId: 'w' }],
    [0.1, keyed('a', 'paid/x')],
    [0.2, keyed('b', null)],
    ...many.map((key, n): [number, Event] => [1 + n / 1_000, keyed(`j${n}`, key)]),
    [2, started('a', ['m', 'n'])],
    [2.2, started('b', ['m', 'n'])],
    ...many.map((_, n): [number, Event] => [3 + n / 100, started(`j${n}`, ['m', 'n'])]),
    [4, { type: 'model_released', jobId: 'a', model: 'n', token: 25, workerId: 'w' } as Event],
    ...many.map((_, n): [number, Event] => [
      4.1 + n / 100,
      { type: 'completed', jobId: `j${n}`, token: 27 + n },
    ]),
    [6, { type: 'completed', jobId: 'a', token: 25 }],
  ])

  it('say what each used, how long its jobs waited, and what is left for the others', () => {
    const { keys, tiers, models } = measured(events, [], 0, 8)
    const total = models.reduce((sum, { heldMs }) => sum + heldMs / 1_000, 0)
    expect(keys?.top).toHaveLength(20)
    expect(keys?.top.slice(0, 2)).toMatchObject([
      { name: null, queued: 1, seconds: 11.6, waiting: { count: 1, p50: 2_000, p95: 2_000 } },
      { name: 'paid/x', queued: 1, seconds: 6, waiting: { p50: 1_900 } },
    ])
    expect(keys?.top.at(2)).toMatchObject({ queued: 1, seconds: 2.2 })
    expect(keys?.others).toMatchObject({ names: 3, queued: 3, waiting: { count: 3 } })
    expect(tiers?.top.map(({ name, queued }) => [name, queued])).toEqual([
      ['free', 21],
      [null, 1],
      ['paid', 1],
    ])
    expect(tiers?.others).toBe(null)
    const used = (tiers?.top ?? []).reduce((sum, { seconds }) => sum + seconds, 0)
    expect(used).toBeCloseTo(total)
  })

  it('count what ran before only from the beginning on, and are none where no job has a key', () => {
    const cut = events.filter(({ at }) => at <= T0 + 3 * SECOND)
    const { keys } = measured(events.slice(cut.length), cut, 5, 8)
    expect(keys?.top.slice(0, 1)).toMatchObject([{ name: null, queued: 0, seconds: 6 }])
    expect(measured(small, [], 0, 5)).toMatchObject({ keys: null, tiers: null })
  })
})

describe('stats of failures', () => {
  const rules = { ...defaultPolicy, maxActive: null, capacity: { flux: ['h:0', 'h:1'] } }
  const at = (jobId: string, workerId: string, place: string): Event => ({
    ...{ type: 'started', jobId, workerId, attempt: 1, models: ['flux'] },
    ...{ places: { flux: place } },
  })
  const events = log([
    [0, { type: 'policy_changed', policy: rules, workerId: 'w' }],
    ...['a', 'b', 'c'].map((jobId, n): [number, Event] => [0.1 + n / 100, queued(jobId, ['flux'])]),
    [1, at('a', 'w1', 'h:0')],
    [1.1, at('b', 'w2', 'h:1')],
    [2, { type: 'failed', jobId: 'a', token: 5, code: 'handler_error', final: true, workerId: 'w1' }],
    [2.1, at('c', 'w1', 'h:0')],
    [3, { type: 'lease_expired', jobId: 'c', token: 8, workerId: 'w1', final: true }],
    [4, { type: 'completed', jobId: 'b', token: 6 }],
  ])

  it('say at which place, in which process and with which model attempts failed', () => {
    expect(measured(events, [], 0, 5).failures).toEqual({
      ...{ attempts: 3, failed: 2 },
      byPlace: [{ name: 'h:0', attempts: 2, failed: 2 }],
      byWorker: [{ name: 'w1', attempts: 2, failed: 2 }],
      byModel: [{ name: 'flux', attempts: 3, failed: 2 }],
    })
  })

  it('know where an attempt ran that began before the period', () => {
    const before = events.filter(({ at: time }) => time < T0 + 1.5 * SECOND)
    expect(measured(events.slice(before.length), before, 2, 5).failures).toEqual(
      measured(events, [], 0, 5).failures,
    )
  })

  it('leave out an attempt that was given back', () => {
    const given = log([
      [0, queued('a', ['m'])],
      [1, started('a', ['m'])],
      [2, { type: 'failed', jobId: 'a', token: 2, code: 'released', final: false, workerId: 'w' }],
      [2.1, { type: 'requeued', jobId: 'a', reason: 'later', runAt: null }],
    ])
    expect(measured(given, [], 0, 5).failures).toMatchObject({ attempts: 1, failed: 0, byModel: [] })
  })
})

describe('stats', () => {
  it('measure a small log exactly', () => {
    const stats = measured(small, [], 0, 5)
    expect(stats.counts).toMatchObject({ queued: 3, started: 2, completed: 2, cancelled: 1, failed: 0 })
    expect(stats.waiting).toEqual({ count: 2, mean: 1_500, p50: 1_500, p95: 1_950, max: 2_000 })
    expect(stats.running).toMatchObject({ count: 2, max: 2_000 })
    expect(stats.completedPerMinute).toBeCloseTo(24)
    near(stats.perSlice.waiting, [1, 1, 2, 0.9, 0])
    near(stats.perSlice.active, [0, 1, 1, 1, 0])
    expect(stats.perSlice.completed).toEqual([0, 0, 0, 1, 1])
    expect([stats.mostWaiting, stats.mostActive]).toEqual([2, 1])
    expect(stats.models.map(({ model, attempts }) => [model, attempts])).toEqual([
      ['m', 2],
      ['n', 1],
    ])
    near(
      stats.models.map(({ utilisation }) => utilisation),
      [0.6, 0.2],
    )
    near(stats.models[0]?.perSlice ?? [], [0, 1, 1, 1, 0])
  })

  it('say of each resource what was reserved, used and overrun, once an attempt', () => {
    const use = new UseSums()
    const queue = given({ maxActive: null, capacity: { m: 9 } })
    const uses = (tpm: number) => ({ uses: { tpm, images: 1 } })
    const start = (id: string, tpm: number) =>
      queue.enqueue(id, ['m'], uses(tpm), { claim: { max: 1, kinds: null } })
    start('before', 10)
    use.begin(queue.ledger)
    const from = queue.log.length
    start('less', 20)
    start('lost', 30)
    const end = (jobId: string, used?: Uses) =>
      queue.send({ type: 'complete', jobId, token: queue.job(jobId)?.token ?? 0, ...(used && { used }) })
    end('before', { tpm: 15 })
    end('less', { tpm: 5 })
    queue.send({ type: 'expire_leases', workerIds: ['w1'], retryAt: 0 })
    queue.enqueue('waits', ['m'], uses(99))
    queue.cancel('waits')
    for (const event of queue.log.slice(from)) use.note(event)
    expect(Object.fromEntries(use.byResource)).toEqual({
      tpm: { reserved: 60, used: 50, overruns: 1 },
      images: { reserved: 3, used: 3, overruns: 0 },
    })
  })

  it('say for what was waited, by reason, model and job', () => {
    const { blocked } = measured(small, [], 0, 5)
    // a could start at once (1 s); b waited 2 s for m behind a; c behind the one that had the slot: 1 s, then 0.9 s.
    expect(Object.fromEntries(blocked.byModel.map(({ name, ms }) => [name, Math.round(ms / 10)]))).toEqual({
      m: 200,
    })
    expect(Object.fromEntries(blocked.byJob.map(({ name, ms }) => [name, Math.round(ms / 10)]))).toEqual({
      a: 200,
      b: 190,
    })
    const all = blocked.byReason.reduce((sum, { ms }) => sum + ms, 0)
    expect(Math.round(all / 10)).toBe(490)
  })

  it('begin in the middle with the jobs that run and wait then', () => {
    const stats = measured(small.slice(4), small.slice(0, 4), 2, 5)
    near(stats.perSlice.waiting, [2, 0.9, 0])
    near(stats.perSlice.active, [1, 1, 0])
    // b became able to start before the stretch began; it waited for all of that.
    expect(stats.waiting).toMatchObject({ count: 1, max: 2_000 })
    near(
      stats.models.map(({ heldMs }) => heldMs / 1_000),
      [2, 1],
    )
  })

  it('summarise nothing as nothing', () => {
    expect(summaryOf([])).toEqual({ count: 0, mean: 0, p50: 0, p95: 0, max: 0 })
  })

  it('know the mean of a level in each slice, whatever its steps', () => {
    const steps = fc.array(fc.tuple(fc.nat(50), fc.nat(9)), { maxLength: 30 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 7 }), (raw, count) => {
        const slices = { from: 0, to: 42, count }
        const level = new Level(slices, 3)
        const values = new Array<number>(42).fill(3)
        for (const [at, value] of raw.toSorted(([a], [b]) => a - b)) {
          level.set(at, value)
          values.fill(value, at)
        }
        const per = 42 / count
        for (const [slice, mean] of level.means().entries()) {
          let area = 0
          for (let t = 0; t < 42; t++) {
            const overlap = Math.min(t + 1, (slice + 1) * per) - Math.max(t, slice * per)
            area += Math.max(0, overlap) * (values[t] ?? 0)
          }
          expect(mean).toBeCloseTo(area / per, 6)
        }
      }),
    )
  })
})
