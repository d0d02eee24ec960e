import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decide, fold, type RecordedEvent, replay } from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { contentsOf } from '../../support/contents.ts'
import { holds, PATIENCE, runs } from '../../support/runs.ts'
import { play, type Turn, World } from '../../support/simulate.ts'

const run = arbitraryRun({ maxLength: 100 })

describe('a log', () => {
  it(
    'decides alike after a replay: the same commands lead to the same events and answers',
    holds([run, run], 100, (past, future) => {
      const world = new World()
      const events = past.flatMap((step) => world.play(step).decision.events)
      const replayed = { ledger: replay(events) }
      for (const step of future) {
        const { command, surroundings, decision } = world.play(step)
        const again = decide(replayed.ledger, [command], surroundings)
        expect(again.events).toEqual(decision.events)
        expect(again.results).toEqual(decision.results)
        replayed.ledger = fold(replayed.ledger, again.events).ledger
      }
    }),
    PATIENCE,
  )

  it(
    'can go on without starts and offers: the same is refused, and the events fold to what was decided',
    holds([run], 40, (steps) => {
      for (const { command, surroundings, before, decision } of play(steps)) {
        const late = decide(before, [command], { ...surroundings, startsNothing: true })
        const begun = late.events.filter(
          ({ type, offers }) => type === 'started' || type === 'worker_serves' || offers !== undefined,
        )
        expect(begun).toEqual([])
        expect(late.results.map(({ ok }) => ok)).toEqual(decision.results.map(({ ok }) => ok))
        expect(contentsOf(fold(before, late.events).ledger)).toEqual(contentsOf(late.ledger))
      }
    }),
    PATIENCE,
  )

  it(
    'never changes a ledger that somebody still holds',
    holds([run], 30, (steps) => {
      const turns = play(steps)
      const early = turns
        .filter((_, i) => i % 7 === 0)
        .map(({ before }) => [before, contentsOf(before)] as const)
      const world = new World()
      for (const step of steps) world.play(step)
      for (const [ledger, contents] of early) {
        expect(contentsOf(ledger)).toEqual(contents)
      }
      const snapshots = turns.map(({ before }) => JSON.stringify(contentsOf(before)))
      const events = eventsOf(turns)
      expect(snapshots).toEqual(
        turns.map(({ before }) => JSON.stringify(contentsOf(replay(events.slice(0, before.version))))),
      )
    }),
    PATIENCE,
  )
})

describe('a decision', () => {
  afterEach(() => vi.restoreAllMocks())

  it(
    'asks no clock and no dice',
    () => {
      const poison = () => {
        throw new Error('the core must not look')
      }
      fc.assert(
        fc.property(run, (steps) => {
          const spies = [
            vi.spyOn(Date, 'now').mockImplementation(poison),
            vi.spyOn(Math, 'random').mockImplementation(poison),
            vi.spyOn(performance, 'now').mockImplementation(poison),
          ]
          try {
            expect(contentsOf(replay(eventsOf(play(steps))))).toBeDefined()
          } finally {
            for (const spy of spies) spy.mockRestore()
          }
        }),
        { numRuns: runs(30) },
      )
    },
    PATIENCE,
  )
})

function eventsOf(turns: readonly Turn[]): readonly RecordedEvent[] {
  return turns.flatMap((turn) => turn.decision.events)
}
