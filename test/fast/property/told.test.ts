import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommandResult, Started } from '../../../src/engine/core/index.ts'
import { answeredOf, answersOf } from '../../../src/engine/store/sql/answer-pieces.ts'
import { published } from '../../../src/engine/store/sql/combining.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { play } from '../../support/simulate.ts'

const run = fc.oneof(
  arbitraryRun({ maxLength: 60, places: 'units', uses: true, weights: true }),
  arbitraryRun({ maxLength: 60, places: true, batches: true }),
  arbitraryRun({ maxLength: 60, places: true, serves: true, warm: true }),
  arbitraryRun({ maxLength: 60, wholes: true, flows: true }),
)

/** What a sender reads of the answer that a combiner sends it. */
function told(result: CommandResult): CommandResult | undefined {
  const answer = { to: 'address', sender: 's', answers: [{ commandId: 'c', result }], wanted: [] }
  const { answers } = answeredOf({ combiner: 'w', senders: [], done: [], answers: [answer] })
  return answersOf(`7 [${answers[0]?.said ?? '[]'}, []]`)?.answers[0]?.result
}

const startsOf = (result: CommandResult | undefined): readonly Started[] =>
  result?.ok === true ? result.started : []

describe('a published command', () => {
  it(
    'arrives at the combiner as its sender sent it',
    () => {
      fc.assert(
        fc.property(run, (steps) => {
          const commands = play(steps).map(({ command }) => command)
          const rows = commands.map((command) => ({ sender: 's', command: { command } }))
          const arrived = published.parse(JSON.parse(JSON.stringify(rows)))
          expect(arrived).toEqual(rows.map(({ sender, command }) => ({ sender, ...command })))
        }),
        { numRuns: runs(60) },
      )
    },
    PATIENCE,
  )

  it(
    'has an answer that says of each start all that the combiner knows: its place, its batch, its tries',
    () => {
      const seen = { placed: 0, together: 0 }
      fc.assert(
        fc.property(run, (steps) => {
          for (const result of play(steps).flatMap(({ decision }) => decision.results)) {
            const started = startsOf(result)
            if (started.length === 0) continue
            expect(startsOf(told(result))).toEqual(started)
            seen.placed += started.filter(({ lease }) => lease.places !== undefined).length
            seen.together += started.filter(({ batch }) => batch !== undefined).length
          }
        }),
        { numRuns: runs(60) },
      )
      expect(seen.placed).toBeGreaterThan(30)
      expect(seen.together).toBeGreaterThan(20)
    },
    PATIENCE,
  )
})
