import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryRun } from '../../support/commands.ts'
import { breaksNoRule } from '../../support/one-ledger.ts'
import { PATIENCE } from '../../support/runs.ts'
import { play } from '../../support/simulate.ts'

const shape = { maxLength: 100, wholes: true }
const run = fc.oneof(arbitraryRun(shape), arbitraryRun({ ...shape, places: true }))

describe('a log in which jobs take models as a whole', () => {
  it('has some that start, that wait, and that others pass', () => {
    const turns = fc.sample(run, { numRuns: 100, seed: 4 }).flatMap(play)
    const wholes = turns.flatMap(({ decision }) =>
      [...decision.ledger.jobs].filter((job) => job.wholes !== null),
    )
    expect(wholes.filter(({ active }) => active).length).toBeGreaterThan(100)
    expect(wholes.filter(({ active, overtaken }) => !active && overtaken > 0).length).toBeGreaterThan(20)
  })

  it(
    'keeps all others from a model that one job has all of, at every prefix; the audit says the same',
    breaksNoRule(run, 60),
    PATIENCE,
  )
})
