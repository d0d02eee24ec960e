import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { audit } from '../../../src/tools/audit/index.ts'
import { arbitraryAnyRun } from '../../support/commands.ts'
import { breaksNoRule, comesToOneLedger, decidesAlikeTogether } from '../../support/one-ledger.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { eventsOf, play } from '../../support/simulate.ts'

const run = arbitraryAnyRun(100)

describe('a log with anything in it', () => {
  it('has everything on in some runs, and every rule in many', () => {
    const logs = fc.sample(run, { numRuns: 300, seed: 9 }).map((steps) => eventsOf(play(steps)))
    const events = logs.flat()
    const policies = events.flatMap((event) => (event.type === 'policy_changed' ? [event.policy] : []))
    const many = {
      units: policies.filter(({ units }) => units !== undefined).length,
      uses: policies.filter(({ uses }) => uses !== undefined).length,
      warm: policies.filter(({ warm }) => warm !== undefined).length,
      weights: policies.filter(({ weights }) => weights !== undefined).length,
      patterns: policies.filter(({ capacity }) => Object.keys(capacity).some((key) => key.includes('*')))
        .length,
      wholes: events.filter((event) => event.type === 'queued' && event.spec.whole !== undefined).length,
      places: events.filter((event) => event.type === 'started' && event.places !== undefined).length,
      serves: events.filter(({ type }) => type === 'worker_serves').length,
      flows: events.filter(({ type }) => type === 'linked').length,
    }
    for (const [what, count] of Object.entries(many)) expect([what, count > 20]).toEqual([what, true])
    const all = policies.filter((policy) => policy.units && policy.uses && policy.warm && policy.weights)
    expect(all.length).toBeGreaterThan(5)
  })

  it(
    'breaks no rule at any prefix; the audit says the same (the reader knows no patterns, and uses at the end)',
    breaksNoRule(arbitraryAnyRun(100, { patterns: false, uses: true }), 100),
    PATIENCE,
  )

  it(
    'breaks no rule that the audit knows, with patterns too',
    holds([run], 100, (steps) => {
      expect(audit(eventsOf(play(steps))).violations).toEqual([])
    }),
    PATIENCE,
  )

  it('comes to the same ledger, whichever way it is read', comesToOneLedger(run, 200), PATIENCE)

  it(
    'does not care whether commands are decided one by one or together',
    decidesAlikeTogether(run, 120),
    PATIENCE,
  )
})
