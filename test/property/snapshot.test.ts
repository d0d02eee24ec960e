import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, fold, type Ledger, ledgerFrom, replay, snapshotOf } from '../../src/core/index.ts'
import { arbitraryRun } from '../support/commands.ts'
import { contentsOf } from '../support/contents.ts'
import { PATIENCE, runs } from '../support/runs.ts'
import { play, World } from '../support/simulate.ts'

const run = arbitraryRun({ maxLength: 100 })

/** As it comes back from a database. */
const kept = (ledger: Ledger): Ledger => ledgerFrom(JSON.parse(JSON.stringify(snapshotOf(ledger))))

describe('a snapshot', () => {
  it(
    'is the ledger that it was made of, and going on from it is going on from that',
    () => {
      fc.assert(
        fc.property(run, fc.nat(), (steps, cut) => {
          const events = play(steps).flatMap(({ decision }) => decision.events)
          const at = cut % (events.length + 1)
          const ledger = replay(events.slice(0, at))
          const again = kept(ledger)
          expect(contentsOf(again)).toEqual(contentsOf(ledger))
          expect(contentsOf(fold(again, events.slice(at)).ledger)).toEqual(contentsOf(replay(events)))
        }),
        { numRuns: runs(200) },
      )
    },
    PATIENCE,
  )

  it(
    'of a ledger that was decided leads to the same decisions',
    () => {
      fc.assert(
        fc.property(run, run, (past, future) => {
          const world = new World()
          for (const step of past) world.play(step)
          let ledger = kept(world.ledger)
          for (const step of future) {
            const { command, surroundings, decision } = world.play(step)
            const again = decide(ledger, [command], surroundings)
            expect(again.events).toEqual(decision.events)
            expect(again.results).toEqual(decision.results)
            ledger = again.ledger
          }
        }),
        { numRuns: runs(100) },
      )
    },
    PATIENCE,
  )

  it('that contradicts itself is refused with its number', () => {
    const logs = fc
      .sample(run, { numRuns: 50, seed: 7 })
      .map((steps) => play(steps).flatMap(({ decision }) => decision.events))
    const events = logs.find((each) => replay(each).jobs.size > 0) ?? []
    const whole = snapshotOf(replay(events))
    expect(whole.jobs.length).toBeGreaterThan(0)
    const corrupt = expect.objectContaining({ code: 'corrupt_log', details: { seq: events.length } })
    const twice = { ...whole, jobs: [...whole.jobs, ...whole.jobs.slice(0, 1)] }
    const dangling = { ...whole, places: { ...whole.places, active: [99_999] } }
    for (const wrong of [twice, dangling]) expect(() => ledgerFrom(wrong)).toThrow(corrupt)
  })
})
