/** What holds of every run, whatever is in it: no rule is broken, and there is one ledger, by whichever way one comes to it. Bodies of tests. */
import fc from 'fast-check'
import { expect } from 'vitest'
import {
  decide,
  emptyLedger,
  evolve,
  fold,
  type Ledger,
  type RecordedEvent,
  Replayer,
  replay,
} from '../../src/engine/core/index.ts'
import { audit } from '../../src/tools/audit/index.ts'
import type { Step } from './commands.ts'
import { contentsOf } from './contents.ts'
import { kept } from './kept-ledger.ts'
import { LogReader } from './log.ts'
import { holds } from './runs.ts'
import { eventsOf, play, World } from './simulate.ts'

type Runs = fc.Arbitrary<readonly Step[]>

/** At every prefix of the log, by a reader that knows the rules in prose, and by the audit. */
export const breaksNoRule = (run: Runs, times: number) =>
  holds([run], times, (steps) => {
    const reader = new LogReader()
    const events = eventsOf(play(steps))
    for (const event of events) reader.read(event)
    expect(reader.faults).toEqual([])
    expect(audit(events).violations).toEqual([])
  })

/** Decided, folded at once, in pages, cut anywhere and begun with what a snapshot says, and event by event. */
export const comesToOneLedger = (run: Runs, times: number) =>
  holds([run, fc.nat()], times, (steps, cut) => {
    const turns = play(steps)
    const events = eventsOf(turns)
    const decided = contentsOf(turns.at(-1)?.decision.ledger ?? emptyLedger)
    const at = cut % (events.length + 1)
    const prefix = replay(events.slice(0, at))
    expect(contentsOf(replay(events))).toEqual(decided)
    expect(contentsOf(events.reduce(evolve, emptyLedger))).toEqual(decided)
    expect(contentsOf(replayedInPages(events, at))).toEqual(decided)
    expect(contentsOf(fold(prefix, events.slice(at)).ledger)).toEqual(decided)
    expect(contentsOf(kept(prefix))).toEqual(contentsOf(prefix))
    expect(contentsOf(fold(kept(prefix), events.slice(at)).ledger)).toEqual(decided)
  })

function replayedInPages(events: readonly RecordedEvent[], size: number): Ledger {
  const replayer = new Replayer()
  for (const event of events) {
    replayer.push(event)
    if (event.seq % (size + 1) === 0) replayer.ledger()
  }
  return replayer.ledger()
}

/** Whether commands are decided one by one or together. */
export const decidesAlikeTogether = (run: Runs, times: number) =>
  holds([run, run], times, (past, future) => {
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
  })
