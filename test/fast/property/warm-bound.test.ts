import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  emptyLedger,
  evolve,
  jobOf,
  type Ledger,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { contentsOf } from '../../support/contents.ts'
import { kept } from '../../support/kept-ledger.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const warm = { maxPassed: 5, maxPassedSeconds: 60, minLoadedSeconds: 0, loadSeconds: {} }
const rules = { maxActive: null, offerMs: 600_000, capacity: { '*': 9 }, maxOvertakes: 3, warm }
const keep = (worker: string) => ({ worker, claim: { max: 1, kinds: null, keeps: 1 } })

const nth = fc.nat(20)
const model = fc.constantFrom('a', 'b', 'b', 'c')
/** What takes a job out of its class, moves it, or gives the class other rules. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ does: fc.constant('goOn' as const), times: fc.integer({ min: 2, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('enqueue' as const), model }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('blink' as const, 'pause' as const, 'resume' as const),
      model,
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('ask' as const, 'unask' as const), nth }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('move' as const),
      nth,
      priority: fc.integer({ min: -2, max: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('govern' as const),
      policy: fc.constantFrom(
        { maxActive: 7 },
        { maxActive: null },
        { warm: { ...warm, maxPassed: 0 } },
        { warm },
        { warm: { ...warm, maxPassed: 3 } },
        { fairShare: { spacingSeconds: 0, maxWaiting: null, maxActive: 8 } },
        { fairShare: null },
        { tiers: { k: { maxActive: null, maxTogether: 9 } } },
        { capacity: { '*': 9, b: ['p', 'q', 'r'] } },
        { capacity: { '*': 9 } },
      ),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Of> ? Of : never

/** The n-th waiting job. */
const waiting = ({ ledger }: Scenario, nth: number) => {
  const ids = [...ledger.jobs].filter(({ active }) => !active).map(({ jobId }) => jobId)
  return ids[nth % Math.max(1, ids.length)] ?? 'none'
}

function take(queue: Scenario, step: Step, seq: number): void {
  queue.later(900)
  if (step.does === 'goOn') {
    for (let i = 0; i < step.times; i++) {
      const [running] = queue.running()
      if (running === undefined) queue.send({ type: 'claim' }, keep('w'))
      else queue.complete(running, keep('w'))
      queue.enqueue(`more${seq}.${i}`, ['a'], { fairKey: i % 2 === 0 ? 'k' : null })
    }
  } else if (step.does === 'enqueue')
    queue.enqueue(`j${seq}`, [step.model], { fairKey: seq % 2 === 0 ? 'k' : null })
  else if (step.does === 'blink' || step.does === 'pause' || step.does === 'resume') {
    const { model, does } = step
    if (does !== 'resume') queue.send({ type: 'pause_model', model, reason: 'maintenance', until: null })
    if (does !== 'pause') queue.send({ type: 'resume_model', model })
  } else if (step.does === 'ask')
    queue.send({ type: 'take_up', jobId: waiting(queue, step.nth), wait: true }, { worker: 'gate' })
  else if (step.does === 'unask')
    queue.send({ type: 'unask', jobId: waiting(queue, step.nth) }, { worker: 'gate' })
  else if (step.does === 'move')
    queue.send({ type: 'reprioritize', jobId: waiting(queue, step.nth), priority: step.priority })
  else if (step.does === 'govern') queue.policy(step.policy)
}

function played(steps: readonly Step[], snapshots = false): Scenario {
  const queue = given(rules)
  for (const model of ['a', 'b', 'b', 'c', 'a', 'a']) queue.enqueue(`first${queue.log.length}`, [model])
  queue.send({ type: 'claim' }, keep('w'))
  for (const [seq, step] of steps.entries()) {
    take(queue, step, seq)
    if (snapshots) queue.ledger = kept(queue.ledger)
  }
  return queue
}

/** Who passed each job since it was queued, or started last: those that a process took for what it has loaded, whichever these could have been. */
class Passed {
  readonly #by = new Map<string, number[]>()

  /** The jobs that were passed too often, or for too long, by this start. Only those count that nothing but the line kept from it. */
  see(ledger: Ledger, event: RecordedEvent): readonly string[] {
    if (event.type !== 'started') return []
    this.#by.delete(event.jobId)
    const started = jobOf(ledger, event.jobId)
    const { maxPassed = 0, maxPassedSeconds = 0 } = ledger.policy.warm ?? {}
    if (started === undefined || event.warm === undefined) return []
    return [...ledger.line].flatMap((place) => {
      const job = jobOf(ledger, place.jobId)
      const isAhead =
        place.order < started.position.order ||
        (place.order === started.position.order && place.tie < started.position.tie)
      if (job === undefined || !isAhead || job.asker !== null || event.without?.includes(job.spec.kind))
        return []
      const times = this.#by.get(job.jobId) ?? []
      this.#by.set(job.jobId, [...times, event.at])
      const isLong = event.at - (times[0] ?? event.at) >= maxPassedSeconds * 1e6
      return times.length >= maxPassed || (times.length > 0 && isLong) ? [job.jobId] : []
    })
  }
}

const run = fc.array(step, { minLength: 15, maxLength: 30, size: 'max' })

describe('how often a job is passed for loaded models', () => {
  it(
    'stays with it through pauses, moves, callers at the gate and other rules, until it starts',
    holds([run], 40, (steps) => {
      const { log } = played(steps)
      const passed = new Passed()
      let ledger = emptyLedger
      for (const event of log) {
        expect(passed.see(ledger, event)).toEqual([])
        ledger = evolve(ledger, event)
      }
      expect(audit(log).violations).toEqual([])
    }),
    PATIENCE,
  )

  it(
    'is the same with a snapshot after each command, and by a fold of the log',
    holds([run], 8, (steps) => {
      const plain = played(steps)
      const cut = played(steps, true)
      expect(cut.log).toEqual(plain.log)
      expect(contentsOf(cut.ledger)).toEqual(contentsOf(plain.ledger))
      expect(contentsOf(plain.log.reduce(evolve, emptyLedger))).toEqual(contentsOf(plain.ledger))
    }),
    PATIENCE,
  )
})
