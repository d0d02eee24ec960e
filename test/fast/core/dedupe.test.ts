import { describe, expect, it } from 'vitest'
import type { Dedupe, JobSpec, Policy } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { given, type Scenario, type Told } from '../../support/scenario.ts'

const HOUR = 3_600_000
const parallel = { maxActive: null }
const key = 'k'
const waiting: Dedupe = { key, while: 'waiting' }
const live: Dedupe = { key, while: 'live' }
const hour: Dedupe = { key, while: HOUR }
const debounced: Dedupe = { key, while: 'waiting', debounce: { delay: 5_000, maxDelay: 12_000 } }

/** The log is not ahead of the clock. */
const opened = (policy: Partial<Policy> = parallel) => given(policy).later(1)

const enqueue = (scenario: Scenario, jobId: string, dedupe: Dedupe, more: Partial<JobSpec> = {}): Told =>
  scenario.enqueue(jobId, [jobId], { dedupe, ...more })

/** Who stands for the jobs of the command. */
const standIns = ({ result }: Told) =>
  result.ok ? (result.doubles ?? []).map(({ jobId, standsFor }) => `${standsFor} for ${jobId}`) : result.code

/** The log keeps what is promised of it, by a second statement of the rules. */
const checked = (scenario: Scenario): void => expect(audit(scenario.log).violations).toEqual([])

const start = (scenario: Scenario) => scenario.claim(9).said

describe('a job stands for those that come with its key', () => {
  it('while it waits: one that comes after it has started is put in line', () => {
    const scenario = opened()
    enqueue(scenario, 'a', waiting)
    const double = enqueue(scenario, 'b', waiting)
    expect([double.said, standIns(double)]).toEqual([['deduplicated b'], ['a for b']])
    start(scenario)
    expect(standIns(enqueue(scenario, 'c', waiting))).toEqual([])
    checked(scenario)
  })

  it('again while it waits for a retry', () => {
    const scenario = opened()
    enqueue(scenario, 'a', waiting)
    start(scenario)
    scenario.fail('a', 60_000)
    expect(standIns(enqueue(scenario, 'b', waiting))).toEqual(['a for b'])
    checked(scenario)
  })

  it('beside one that came while it ran: the newest of them, and it alone when that one has started', () => {
    const scenario = opened()
    enqueue(scenario, 'a', waiting)
    start(scenario)
    enqueue(scenario, 'b', waiting)
    scenario.fail('a', 60_000)
    expect(standIns(enqueue(scenario, 'c', waiting))).toEqual(['b for c'])
    start(scenario)
    expect(standIns(enqueue(scenario, 'd', waiting))).toEqual(['a for d'])
    checked(scenario)
  })

  it('while it is live: also while it runs, and no longer', () => {
    const scenario = opened()
    enqueue(scenario, 'a', live)
    start(scenario)
    expect(standIns(enqueue(scenario, 'b', live))).toEqual(['a for b'])
    scenario.complete('a')
    expect(standIns(enqueue(scenario, 'c', live))).toEqual([])
    scenario.cancel('c')
    expect(standIns(enqueue(scenario, 'd', live))).toEqual([])
    checked(scenario)
  })

  it('for a time, whatever becomes of it', () => {
    const scenario = opened()
    enqueue(scenario, 'a', hour)
    start(scenario)
    scenario.complete('a').events
    expect(standIns(scenario.later(HOUR - 1).enqueue('b', [], { dedupe: hour }))).toEqual(['a for b'])
    expect(standIns(scenario.later(1).enqueue('c', [], { dedupe: hour }))).toEqual([])
    expect([...scenario.ledger.keys].map(({ jobId }) => jobId)).toEqual(['c'])
    checked(scenario)
  })

  it('as it said itself, whatever the others say', () => {
    const scenario = opened()
    enqueue(scenario, 'a', live)
    start(scenario)
    expect(standIns(enqueue(scenario, 'b', waiting))).toEqual(['a for b'])
    checked(scenario)
  })

  it('in one call, where the first one stands for the others', () => {
    const scenario = opened()
    const specs = ['a', 'b', 'c'].map((jobId) => ({ ...specOf(scenario, jobId), dedupe: waiting }))
    const told = scenario.send({ type: 'enqueue', specs })
    expect(told.said).toEqual(['queued a', 'deduplicated b', 'deduplicated c, offers a'])
    expect(told.result).toMatchObject({
      known: [],
      doubles: [{ jobId: 'b' }, { jobId: 'c', standsFor: 'a' }],
    })
    checked(scenario)
  })

  it('that is known by its id is no double, and a double counts in no share', () => {
    const scenario = opened({ ...parallel, fairShare: { spacingSeconds: 0, maxWaiting: 1, maxActive: null } })
    const own = { fairKey: 'customer' }
    enqueue(scenario, 'a', waiting, own)
    expect(enqueue(scenario, 'a', waiting, own).result).toMatchObject({ known: ['a'] })
    expect(standIns(enqueue(scenario, 'b', waiting, own))).toEqual(['a for b'])
    expect(standIns(enqueue(scenario, 'c', { ...waiting, key: 'other' }, own))).toBe('fair_share_limit')
    checked(scenario)
  })

  it('and what nobody asks for again is forgotten with the next events', () => {
    const scenario = opened()
    for (let n = 0; n < 5; n++) scenario.enqueue(`${n}`, [], { dedupe: { key: `${n}`, while: HOUR } })
    scenario.later(HOUR + 1)
    for (let n = 0; n < 3; n++) scenario.enqueue(`other ${n}`, [])
    expect([scenario.ledger.keys.size, scenario.ledger.keyEnds.size]).toEqual([0, 0])
  })
})

const specOf = (scenario: Scenario, jobId: string): JobSpec => {
  const spec = given()
    .enqueue(jobId, [jobId])
    .events.find(({ type }) => type === 'queued')
  if (spec?.type !== 'queued') throw new Error(`${jobId} was not put in line at ${scenario.now}`)
  return spec.spec
}

describe('with debounce', () => {
  const payload = (payloadHash: number) => ({ hasData: true as const, payloadHash })
  const dueIn = (scenario: Scenario, jobId: string) =>
    Math.round(((scenario.job(jobId)?.dueAt ?? scenario.now) - scenario.now) / 1_000)

  it('a job starts when no other came for a while, with the payload of the last', () => {
    const scenario = opened()
    enqueue(scenario, 'a', debounced, payload(1))
    expect(dueIn(scenario, 'a')).toBe(5_000)
    const told = scenario.later(4_000).enqueue('b', ['a'], { dedupe: debounced, ...payload(2) })
    expect([told.said, standIns(told)]).toEqual([['deduplicated b', 'debounced a'], ['a for b']])
    expect([dueIn(scenario, 'a'), scenario.job('a')?.spec.payloadHash]).toEqual([5_000, 2])
    scenario.later(4_999).send({ type: 'tick' })
    expect(start(scenario)).toEqual([])
    scenario.later(1).send({ type: 'tick' })
    expect(start(scenario)).toEqual(['started a by w1'])
    checked(scenario)
  })

  it('but not later than maxDelay after the first', () => {
    const scenario = opened()
    enqueue(scenario, 'a', debounced)
    for (let n = 0; n < 3; n++) scenario.later(4_000).enqueue(`b${n}`, [], { dedupe: debounced })
    expect(dueIn(scenario, 'a')).toBe(0)
    checked(scenario)
  })

  it('one that comes while it runs makes one follower, which others put off in turn', () => {
    const scenario = opened()
    enqueue(scenario, 'a', { ...debounced, while: 'live' })
    scenario.later(5_000).send({ type: 'tick' })
    expect(start(scenario)).toEqual(['started a by w1'])
    expect(standIns(enqueue(scenario, 'b', { ...debounced, while: 'live' }))).toEqual([])
    expect(standIns(enqueue(scenario, 'c', { ...debounced, while: 'live' }))).toEqual(['b for c'])
    expect(dueIn(scenario, 'b')).toBe(5_000)
    checked(scenario)
  })

  it('a job in line leaves it until its time, and has its old place then', () => {
    const scenario = opened({ maxActive: 1 })
    scenario.enqueue('runs', ['m'])
    scenario.claim(1)
    enqueue(scenario, 'a', debounced)
    scenario.later(5_000).send({ type: 'tick' })
    scenario.enqueue('behind', ['m'])
    expect(scenario.line()).toEqual(['a', 'behind'])
    enqueue(scenario, 'b', debounced)
    expect(scenario.line()).toEqual(['behind'])
    scenario.later(5_000).send({ type: 'tick' })
    expect(scenario.line()).toEqual(['a', 'behind'])
    expect(scenario.rows()).toEqual(scenario.written)
    checked(scenario)
  })

  it('a retry is never put forward', () => {
    const scenario = opened()
    enqueue(scenario, 'a', debounced)
    scenario.later(5_000).send({ type: 'tick' })
    start(scenario)
    scenario.fail('a', 60_000)
    expect(enqueue(scenario, 'b', debounced, payload(2)).said).toEqual(['deduplicated b', 'debounced a'])
    expect([dueIn(scenario, 'a'), scenario.job('a')?.spec.payloadHash]).toEqual([60_000, 2])
    checked(scenario)
  })

  it('the same id again is known, whatever others have made of its payload', () => {
    const scenario = opened()
    enqueue(scenario, 'a', debounced, payload(1))
    enqueue(scenario, 'b', debounced, payload(2))
    expect(enqueue(scenario, 'a', debounced, payload(1)).result).toMatchObject({ ok: true, known: ['a'] })
    checked(scenario)
  })
})

describe('an audit finds in a forged log', () => {
  /** The events with others in their place, in order. */
  const forged = (scenario: Scenario, change: (type: string) => object | null) =>
    audit(
      scenario.log.flatMap((event, n) => {
        const other = change(`${event.type}${'jobId' in event ? ` ${event.jobId}` : ''}`)
        return other === null ? [event] : [{ ...event, ...other, seq: n + 1 } as typeof event]
      }),
    ).violations.map(({ rule, jobId }) => `${rule} ${jobId}`)

  const doubled = (dedupe: Dedupe) => {
    const scenario = opened()
    enqueue(scenario, 'a', dedupe)
    scenario.later(1)
    enqueue(scenario, 'b', dedupe)
    return scenario
  }

  it.each([waiting, live, hour])('a job that came in while another had its key ($while)', (dedupe) => {
    const spec = { ...specOf(given(), 'b'), dedupe }
    const change = (what: string) =>
      what === 'deduplicated b' ? { type: 'queued', spec, named: true } : null
    expect(forged(doubled(dedupe), change)).toEqual(['dedupe b'])
  })

  it('a double whose job did not have the key: another key, no such job, one that has started or ended', () => {
    const other = (fields: object) => (what: string) => (what === 'deduplicated b' ? fields : null)
    expect(forged(doubled(waiting), other({ key: 'other' }))).toEqual(['dedupe b'])
    expect(forged(doubled(waiting), other({ standsFor: 'nobody' }))).toEqual(['dedupe b'])
    for (const dedupe of [waiting, live]) {
      const scenario = opened()
      enqueue(scenario, 'a', dedupe)
      start(scenario)
      if (dedupe === live) scenario.complete('a')
      enqueue(scenario, 'b', dedupe)
      const change = (what: string) =>
        what === 'queued b' ? { type: 'deduplicated', standsFor: 'a', key, offers: undefined } : null
      expect(forged(scenario, change)).toEqual(['dedupe b'])
    }
  })

  it('a start that was put off for too long', () => {
    const scenario = doubled(debounced)
    const runAt = scenario.now + 12_001_000
    expect(forged(scenario, (what) => (what === 'debounced a' ? { runAt } : null))).toEqual(['dedupe a'])
  })
})
