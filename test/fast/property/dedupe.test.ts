import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Dedupe, fold, type Ledger, specDefaults } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { contentsOf } from '../../support/contents.ts'
import { kept } from '../../support/kept-ledger.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const rules: readonly Omit<Dedupe, 'key'>[] = [
  { while: 'waiting' },
  { while: 'live' },
  { while: 60_000 },
  { while: 'waiting', debounce: { delay: 50_000, maxDelay: 120_000 } },
  { while: 'live', debounce: { delay: 50_000, maxDelay: 50_000 } },
]

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('enqueue' as const),
      keys: fc.array(fc.constantFrom('x', 'y'), { minLength: 1, maxLength: 3 }),
      rule: fc.constantFrom(...rules),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('start' as const), max: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      how: fc.constantFrom('complete' as const, 'retry' as const, 'fail' as const, 'cancel' as const),
      nth: fc.nat(20),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('from snapshot' as const, 'from log' as const) }) },
  // The times of the log are some microseconds ahead of these: no two ends of a time meet.
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), by: fc.integer({ min: 1, max: 4 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

interface Known {
  readonly jobId: string
  readonly key: string
  readonly rule: Omit<Dedupe, 'key'>
  /** In seconds. */
  readonly at: number
  state: 'waiting' | 'active' | 'ended'
  dueAt: number
  payload: number
}

/** What is promised, in the plainest way: a list of every job there ever was. */
class Model {
  readonly jobs: Known[] = []

  /** Who stands for a new one: of several the one that came last. */
  holder(key: string, now: number): Known | undefined {
    return this.jobs.findLast(({ rule, state, at, key: own }) => {
      if (own !== key) return false
      if (typeof rule.while === 'number') return at + 60 > now
      return state === 'waiting' || (state === 'active' && rule.while === 'live' && !rule.debounce)
    })
  }

  enqueue(jobId: string, key: string, rule: Known['rule'], payload: number, now: number): string | undefined {
    const holder = this.holder(key, now)
    if (holder === undefined) {
      const dueAt = rule.debounce === undefined ? now : now + 50
      this.jobs.push({ jobId, key, rule, at: now, state: 'waiting', dueAt, payload })
      return undefined
    }
    const { debounce } = holder.rule
    if (debounce !== undefined) {
      holder.payload = payload
      holder.dueAt = Math.max(holder.dueAt, Math.min(now + 50, holder.at + debounce.maxDelay / 1_000))
    }
    return holder.jobId
  }

  get live(): readonly Known[] {
    return this.jobs.filter(({ state }) => state !== 'ended')
  }
}

/** A queue, the model beside it, and whether they say the same. */
class Comparison {
  readonly #scenario: Scenario = given({ maxActive: null }).later(1)
  readonly #model = new Model()
  #seconds = 0

  do(one: Step): void {
    const scenario = this.#scenario
    if (one.do === 'enqueue') this.#enqueue(one)
    else if (one.do === 'start') this.#start(one.max)
    else if (one.do === 'end') this.#end(one)
    else if (one.do === 'from snapshot') this.#goOnFrom(kept(scenario.ledger))
    else if (one.do === 'from log') this.#goOnFrom(fold(given().ledger, scenario.log).ledger)
    else if (one.do === 'wait') this.#wait(one.by)
    this.#compare()
  }

  #enqueue({ keys, rule }: Step & { do: 'enqueue' }): void {
    const before = this.#model.jobs.length + this.#scenario.log.length
    const jobs = keys.map((key, n) => ({ key, jobId: `${before}-${n}`, payload: before * 9 + n }))
    const specs = jobs.map(({ jobId, key, payload: payloadHash }) => ({
      ...{ ...specDefaults, jobId, jobType: 'normal' as const, kind: 'normal', models: [] },
      ...{ hasData: true as const, payloadHash, dedupe: { ...rule, key } },
    }))
    const { result } = this.#scenario.send({ type: 'enqueue', specs })
    const expected = jobs.flatMap(({ jobId, key, payload }) => {
      const standsFor = this.#model.enqueue(jobId, key, rule, payload, this.#seconds)
      return standsFor === undefined ? [] : [{ jobId, standsFor }]
    })
    expect(result.ok && (result.doubles ?? [])).toEqual(expected)
  }

  #start(max: number): void {
    const { result } = this.#scenario.claim(max)
    const started = result.ok ? result.started.map(({ lease }) => lease.jobId) : []
    for (const jobId of started) {
      const job = this.#model.live.find((known) => known.jobId === jobId)
      expect([job?.state, (job?.dueAt ?? Infinity) <= this.#seconds]).toEqual(['waiting', true])
      if (job !== undefined) job.state = 'active'
    }
  }

  #end({ how, nth }: Step & { do: 'end' }): void {
    const among =
      how === 'cancel' ? this.#model.live : this.#model.live.filter(({ state }) => state === 'active')
    const job = among[nth % Math.max(among.length, 1)]
    if (job === undefined) return
    if (how === 'cancel') this.#scenario.cancel(job.jobId, true)
    else if (how === 'complete') this.#scenario.complete(job.jobId)
    else this.#scenario.fail(job.jobId, how === 'retry' ? 30_000 : null)
    // Its third attempt was the last.
    const isBack = how === 'retry' && this.#scenario.job(job.jobId) !== undefined
    job.state = isBack ? 'waiting' : 'ended'
    if (isBack) job.dueAt = this.#seconds + 30
  }

  #wait(by: number): void {
    this.#seconds += 25 * by
    this.#scenario.later(25_000 * by)
    this.#scenario.send({ type: 'tick' })
  }

  #goOnFrom(ledger: Ledger): void {
    expect(contentsOf(ledger)).toEqual(contentsOf(this.#scenario.ledger))
    this.#scenario.ledger = ledger
  }

  #compare(): void {
    const said = this.#model.live.map(({ jobId, state, payload }) => [jobId, state, payload])
    const found = this.#model.live.map(({ jobId }) => {
      const job = this.#scenario.job(jobId)
      return [job?.jobId, job?.active === true ? 'active' : 'waiting', job?.spec.payloadHash]
    })
    expect(found).toEqual(said)
    expect(this.#scenario.ledger.jobs.size).toBe(said.length)
  }

  finish(): void {
    expect(audit(this.#scenario.log).violations).toEqual([])
  }
}

describe('jobs with keys', () => {
  it(
    'stand for others as a naive list of them says, whatever starts, ends, waits, is retried or read again',
    holds([fc.array(step, { minLength: 1, maxLength: 60, size: 'max' })], 300, (steps) => {
      const comparison = new Comparison()
      for (const one of steps) comparison.do(one)
      comparison.finish()
    }),
    PATIENCE,
  )
})
