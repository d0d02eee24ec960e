/** What counts at the start, as providers count: `counted: 'atStart'`. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { policyFrom } from '../../../src/apps/cli/policy-flags.ts'
import {
  defaultPolicy,
  type Policy,
  policyVersion,
  type RecordedEvent,
  replay,
} from '../../../src/engine/core/index.ts'
import { parsePolicy } from '../../../src/engine/events/index.ts'
import { Auditor, audit } from '../../../src/tools/audit/index.ts'
import { policyText } from '../../../src/tools/format/policy-text.ts'
import { kept, linesOf } from '../../support/kept-ledger.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const SECOND = 1_000_000
const atStart = { limit: 100, perSeconds: 60, counted: 'atStart' } as const
const rules = (uses: object): Policy =>
  parsePolicy({ maxActive: null, capacity: { '*': 99 }, maxOvertakes: 0, uses })
const all = { claim: { max: 99, kinds: null } }

const running = (queue: Scenario): readonly string[] =>
  [...queue.ledger.jobs]
    .flatMap(({ jobId, active }) => (active ? [jobId] : []))
    .sort()
    .sort()
const end = (queue: Scenario, jobId: string, used?: number) =>
  queue.send(
    {
      type: 'complete',
      jobId,
      token: queue.job(jobId)?.token ?? 0,
      ...(used === undefined ? {} : { used: { tpm: used } }),
    },
    all,
  )

/** Calls of a minute each, in a window of a minute: how many start in ten minutes. */
function startsOf(uses: object): number {
  const queue = given(rules({ tpm: uses }))
  for (let n = 0; n < 60; n++) queue.enqueue(`j${n}`, ['m'], { uses: { tpm: 25 } }, all)
  const since = new Map<string, number>()
  for (let second = 0; second < 600; second++) {
    for (const id of running(queue)) if (!since.has(id)) since.set(id, second)
    for (const id of running(queue)) if (second - (since.get(id) ?? 0) >= 60) end(queue, id)
    queue.later(1_000).claim(99)
  }
  return queue.log.filter(({ type }) => type === 'started').length
}

describe('what counts at the start', () => {
  it('leaves none of the limit unused by calls that take as long as the window', () => {
    const counted = [startsOf({ limit: 100, perSeconds: 60 }), startsOf(atStart)]
    expect(counted).toEqual([20, 40])
  })

  it('counts as it was asked for; at the end what was used beyond counts from then on, and nothing is given back', () => {
    const queue = given(rules({ tpm: atStart }))
    for (const [id, ask] of Object.entries({ a: 60, b: 40, c: 30 }))
      queue.enqueue(id, ['m'], { uses: { tpm: ask } }, all)
    expect(running(queue)).toEqual(['a', 'b'])
    end(queue, 'a', 5)
    expect(running(queue)).toEqual(['b'])
    queue.later(50_000)
    end(queue, 'b', 90)
    queue.later(10_001).claim(9)
    // a and b have left the window; what b used beyond has not.
    expect(running(queue)).toEqual(['c'])
    queue.enqueue('d', ['m'], { uses: { tpm: 21 } }, all)
    expect(queue.reason('d')).toBe('rate_limited')
    expect(queue.told('d')).toMatchObject({ until: expect.any(Number) })
    expect(audit(queue.log).violations).toEqual([])
  })

  it('is seen by the audit', () => {
    const queue = given(rules({ tpm: atStart }))
    for (const id of ['a', 'b', 'c']) queue.enqueue(id, ['m'], { uses: { tpm: 50 } }, all)
    end(queue, 'a')
    const last = queue.log.findLast(({ type }) => type === 'started') as RecordedEvent
    const forged = [
      ...queue.log,
      { ...last, jobId: 'c', seq: queue.log.length + 1, at: queue.ledger.lastAt + 1 },
    ]
    expect(audit(forged as never).violations.map(({ rule }) => rule)).toContain('use')
  })

  it('keeps releases out that would count otherwise, and is said', () => {
    const versions = [tokens({}), tokens({ counted: 'atStart' })].map(policyVersion)
    expect(versions).toEqual([6, 7])
    expect(policyText(tokens({ counted: 'atStart' }))).toContain(
      'at most 100 of tpm in 60 s, counted at the start',
    )
    expect(() => rules({ tpm: { ...atStart, counted: 'atEnd' } })).toThrow(
      /policy\.uses\.tpm\.counted: must be one of "atStart"/,
    )
    const flags = { uses: ['tpm=100/60/atStart,900/3600'] }
    expect(policyFrom(flags as never, defaultPolicy).uses).toEqual({
      tpm: [atStart, { limit: 900, perSeconds: 3600 }],
    })
  })

  it('counts on through a change of limits, the asks of those that run once', () => {
    const queue = given(rules({ tpm: atStart }))
    queue.enqueue('a', ['m'], { uses: { tpm: 60 } }, all)
    queue.later(1_000).send({ type: 'set_policy', policy: rules({ tpm: { ...atStart, limit: 120 } }) })
    queue.enqueue('b', ['m'], { uses: { tpm: 60 } }, all)
    expect(running(queue)).toEqual(['a', 'b'])
    // From now on as usual: what runs is reserved, and what has begun still counts.
    queue.send({ type: 'set_policy', policy: rules({ tpm: { limit: 120, perSeconds: 60 } }) })
    queue.enqueue('c', ['m'], { uses: { tpm: 1 } }, all)
    expect(running(queue)).toEqual(['a', 'b'])
    // And back: who runs counts as if it began now.
    queue.later(120_000).send({ type: 'set_policy', policy: rules({ tpm: { ...atStart, limit: 121 } }) }, all)
    expect(running(queue)).toEqual(['a', 'b', 'c'])
    queue.enqueue('d', ['m'], { uses: { tpm: 1 } }, all)
    expect(running(queue)).toEqual(['a', 'b', 'c'])
    expect(audit(queue.log).violations).toEqual([])
  })
})

const tokens = (more: object): Policy => rules({ tpm: { limit: 100, perSeconds: 60, ...more } })

const window = fc.record({ limit: fc.constantFrom(4, 6, 9), perSeconds: fc.constantFrom(0.05, 1, 3) })
const windows = fc
  .tuple(window, fc.array(window, { maxLength: 1 }), fc.boolean())
  .map(([one, more, isFirst]) =>
    [
      { ...one, counted: 'atStart' as const },
      ...more.filter((other) => other.perSeconds !== one.perSeconds),
    ].sort(() => (isFirst ? 0 : -1)),
  )
const step = fc.oneof(
  fc.record({ do: fc.constant('enqueue' as const), ask: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('end' as const), used: fc.option(fc.integer({ min: 0, max: 6 })) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 40, 700, 2_000) }),
)

/** By the log alone: in each window that ends with a start, what began in it and what went beyond, or what runs and what has ended. */
function faultsIn(
  log: readonly RecordedEvent[],
  limits: readonly { limit: number; perSeconds: number; counted?: 'atStart' }[],
) {
  const asks = new Map(
    log.flatMap((event) => (event.type === 'queued' ? [[event.jobId, event.spec.uses?.['tpm'] ?? 0]] : [])),
  )
  const starts = log.filter((event) => event.type === 'started')
  const ends = log.filter((event) => event.type === 'completed')
  const askOf = (jobId: string) => asks.get(jobId) ?? 0
  return starts.flatMap(({ seq, at }) =>
    limits.filter(({ limit, perSeconds, counted }) => {
      const isIn = (other: RecordedEvent) => other.seq <= seq && other.at >= at - perSeconds * SECOND
      const sum = (all: readonly number[]) => all.reduce((some, one) => some + one, 0)
      const usedBy = (event: (typeof ends)[number]) => event.used?.['tpm'] ?? askOf(event.jobId)
      const recent = ends.filter(isIn)
      if (counted === 'atStart') {
        const beyond = recent.map((event) => Math.max(0, usedBy(event) - askOf(event.jobId)))
        return sum([...starts.filter(isIn).map(({ jobId }) => askOf(jobId)), ...beyond]) > limit
      }
      const runs = starts.filter(
        (one) => one.seq <= seq && !ends.some((event) => event.seq < seq && event.jobId === one.jobId),
      )
      return sum([...runs.map(({ jobId }) => askOf(jobId)), ...recent.map(usedBy)]) > limit
    }),
  )
}

it('in any order of starts and ends no window has more than its limit, from any snapshot on', () => {
  fc.assert(
    fc.property(windows, fc.array(step, { maxLength: 60 }), fc.nat(), (limits, steps, cut) => {
      const queue = given(rules({ tpm: limits }))
      for (const [n, one] of steps.entries()) {
        if (one.do === 'enqueue') queue.enqueue(`j${n}`, ['m'], { uses: { tpm: one.ask } }, all)
        else if (one.do === 'wait') queue.later(one.ms).claim(99)
        else if (running(queue)[0] !== undefined) end(queue, running(queue)[0] ?? '', one.used ?? undefined)
      }
      expect(faultsIn(queue.log, limits)).toEqual([])
      expect(audit(queue.log).violations).toEqual([])
      const at = cut % (queue.log.length + 1)
      const auditor = new Auditor(kept(replay(queue.log.slice(0, at))))
      for (const event of queue.log.slice(at)) auditor.push(event)
      expect(auditor.report().violations).toEqual([])
      expect(linesOf(replay(queue.log))).toEqual(linesOf(queue.ledger))
    }),
    { numRuns: 200 },
  )
})
