import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { audit } from '../../../src/tools/audit/index.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { given, type Scenario } from '../../support/scenario.ts'

interface Flow {
  /** The models of each step: one with `hold: 'step'`, all of them in one step with `hold: 'all'`. */
  readonly steps: readonly (readonly string[])[]
}

const model = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const byStep = fc.array(fc.array(model, { maxLength: 1 }), { minLength: 1, maxLength: 6 })
const whole = fc.uniqueArray(model, { minLength: 1, maxLength: 4 }).map((models) => [models])
const flow: fc.Arbitrary<Flow> = fc.record({ steps: fc.oneof(byStep, byStep, whole) })
const policy = fc.record({
  maxActive: fc.constantFrom(null, 1, 3),
  maxOvertakes: fc.constantFrom(0, 0, 1, null),
  capacity: fc.constantFrom({}, { a: 2 }),
})

const claim = { max: 99, kinds: null }

/** Ends the step that runs: the workflow goes back for the next one, or is done. */
function endStep(queue: Scenario, jobId: string, { steps }: Flow, done: Map<string, number>): void {
  const token = queue.job(jobId)?.token ?? 0
  const step = (done.get(jobId) ?? 0) + 1
  done.set(jobId, step)
  const models = steps[step]
  if (models === undefined) queue.complete(jobId, { claim })
  else queue.send({ type: 'release', jobId, token, reason: 'later', runAt: null, models }, { claim })
}

/** All at once, and then whichever the choices say ends its step, until nothing runs. */
function run(queue: Scenario, flows: readonly Flow[], choices: readonly number[]): Map<string, number> {
  const done = new Map<string, number>()
  for (const [n, { steps }] of flows.entries()) queue.enqueue(`flow-${n}`, steps[0] ?? [], {}, { claim })
  for (let turn = 0; ; turn++) {
    const running = [...queue.ledger.jobs].filter((job) => job.active)
    const job = running[(choices[turn % choices.length] ?? 0) % running.length]
    if (job === undefined) return done
    const of = flows[Number(job.jobId.slice('flow-'.length))]
    if (of === undefined) throw new Error(`${job.jobId} is nobody's`)
    queue.later(1)
    endStep(queue, job.jobId, of, done)
  }
}

describe('workflows that take the models of each step while it runs', () => {
  it(
    'never wait for each other in a circle: in 1,000 runs, beside those that hold all, every step is run once',
    () => {
      const flows = fc.array(flow, { minLength: 1, maxLength: 12 })
      const choices = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 })
      fc.assert(
        fc.property(policy, flows, choices, (rules, load, order) => {
          const queue = given(rules)
          const done = run(queue, load, order)
          expect(queue.ledger.jobs.size).toBe(0)
          expect([...done.values()].reduce((sum, n) => sum + n, 0)).toBe(
            load.reduce((sum, { steps }) => sum + steps.length, 0),
          )
          expect(audit(queue.log).violations).toEqual([])
        }),
        { numRuns: runs(1_000) },
      )
    },
    PATIENCE,
  )
})

describe('the makespan', () => {
  /** Twelve workflows of four steps, each step as long as another, on four models that each begins at another one. */
  const models = ['a', 'b', 'c', 'd']
  const rotated = Array.from({ length: 12 }, (_, n) => models.map((_, i) => models[(n + i) % 4] ?? ''))

  /** In rounds: whatever runs when a round begins ends its step in it. */
  function rounds(flows: readonly Flow[], length: (job: string) => number): number {
    const queue = given({ maxActive: null })
    const done = new Map<string, number>()
    const left = new Map<string, number>()
    for (const [n, { steps }] of flows.entries()) queue.enqueue(`flow-${n}`, steps[0] ?? [], {}, { claim })
    for (let round = 0; ; round++) {
      const running = [...queue.ledger.jobs].filter((job) => job.active).map(({ jobId }) => jobId)
      if (running.length === 0) return round
      for (const jobId of running) {
        const rest = (left.get(jobId) ?? length(jobId)) - 1
        left.set(jobId, rest)
        if (rest > 0) continue
        left.delete(jobId)
        endStep(queue, jobId, flows[Number(jobId.slice('flow-'.length))] as Flow, done)
      }
    }
  }

  it('is shorter with hold: step than with hold: all on the same load', () => {
    const all = rounds(
      rotated.map((of) => ({ steps: [of] })),
      () => 4,
    )
    const step = rounds(
      rotated.map((of) => ({ steps: of.map((one) => [one]) })),
      () => 1,
    )
    expect(all).toBe(48)
    // The bound is 12: every model is needed for twelve steps.
    expect(step).toBeLessThanOrEqual(24)
  })
})
