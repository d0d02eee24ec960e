/** What holds of every run, whatever is in it: there is one ledger, by whichever way one comes to it. Bodies of tests. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { decide, emptyLedger, evolve, fold, type Ledger, replay } from '../../src/engine/core/index.ts'
import type { Step } from './commands.ts'
import { contentsOf } from './contents.ts'
import { kept } from './kept-ledger.ts'
import { runs } from './runs.ts'
import { play, World } from './simulate.ts'

type Runs = fc.Arbitrary<readonly Step[]>

/** Decided, folded at once, cut anywhere and begun with what a snapshot says, and event by event. */
export const comesToOneLedger = (run: Runs, times: number) => (): void =>
  fc.assert(
    fc.property(run, fc.nat(), (steps, cut) => {
      const turns = play(steps)
      const events = turns.flatMap(({ decision }) => decision.events)
      const decided = contentsOf(turns.at(-1)?.decision.ledger ?? emptyLedger)
      const at = cut % (events.length + 1)
      const prefix = replay(events.slice(0, at))
      expect(contentsOf(replay(events))).toEqual(decided)
      expect(contentsOf(events.reduce(evolve, emptyLedger))).toEqual(decided)
      expect(contentsOf(kept(prefix))).toEqual(contentsOf(prefix))
      expect(contentsOf(fold(kept(prefix), events.slice(at)).ledger)).toEqual(decided)
    }),
    { numRuns: runs(times) },
  )

/** Whether commands are decided one by one or together. */
export const decidesAlikeTogether = (run: Runs, times: number) => (): void =>
  fc.assert(
    fc.property(run, run, (past, future) => {
      const world = new World()
      for (const step of past) world.play(step)
      const { ledger: before } = world
      const turns = future.map((step) => world.act(step))
      const { surroundings = { now: world.now, deadWorkers: new Set<string>() } } = turns.at(-1) ?? {}
      const commands = turns.map(({ command }) => command)
      let ledger: Ledger = before
      const events = commands.flatMap((command) => {
        const decision = decide(ledger, [command], surroundings)
        ledger = decision.ledger
        return decision.events
      })
      const together = decide(before, commands, surroundings)
      expect(together.events).toEqual(events)
      expect(contentsOf(together.ledger)).toEqual(contentsOf(ledger))
    }),
    { numRuns: runs(times) },
  )
