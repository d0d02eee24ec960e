import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyLedger, evolve, fold, type RecordedEvent, replay } from '../../src/engine/core/index.ts'
import { audit } from '../../src/tools/audit/index.ts'
import { arbitraryRun } from '../support/commands.ts'
import { contentsOf } from '../support/contents.ts'
import { kept } from '../support/kept-ledger.ts'
import { LogReader } from '../support/log.ts'
import { PATIENCE, runs } from '../support/runs.ts'
import { play, type Turn } from '../support/simulate.ts'

const shape = { maxLength: 100, wholes: true }
const run = fc.oneof(arbitraryRun(shape), arbitraryRun({ ...shape, places: true }))
const eventsOf = (turns: readonly Turn[]): readonly RecordedEvent[] =>
  turns.flatMap(({ decision }) => decision.events)

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
    () => {
      fc.assert(
        fc.property(run, (steps) => {
          const reader = new LogReader()
          const events = eventsOf(play(steps))
          for (const event of events) reader.read(event)
          expect(reader.faults).toEqual([])
          expect(audit(events).violations).toEqual([])
        }),
        { numRuns: runs(60) },
      )
    },
    PATIENCE,
  )

  it(
    'comes to the same ledger decided, folded at once, cut anywhere, and event by event',
    () => {
      fc.assert(
        fc.property(run, fc.nat(), (steps, cut) => {
          const turns = play(steps)
          const events = eventsOf(turns)
          const decided = contentsOf(turns.at(-1)?.decision.ledger ?? emptyLedger)
          const at = cut % (events.length + 1)
          const prefix = replay(events.slice(0, at))
          expect(contentsOf(replay(events))).toEqual(decided)
          expect(contentsOf(events.reduce(evolve, emptyLedger))).toEqual(decided)
          expect(contentsOf(kept(prefix))).toEqual(contentsOf(prefix))
          expect(contentsOf(fold(kept(prefix), events.slice(at)).ledger)).toEqual(decided)
        }),
        { numRuns: runs(15) },
      )
    },
    PATIENCE,
  )
})
