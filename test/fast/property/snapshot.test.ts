import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CoreQueue, plainSpec } from '../../../bench/core-queue.ts'
import { decide, fold, replay, type SnapshotLine } from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { contentsOf } from '../../support/contents.ts'
import { kept, linesOf, readLedger } from '../../support/kept-ledger.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { eventsOf, play, World } from '../../support/simulate.ts'

const run = arbitraryRun({ maxLength: 100 })

describe('a snapshot', () => {
  it(
    'is the ledger that it was made of, and going on from it is going on from that',
    holds([run, fc.nat()], 200, (steps, cut) => {
      const events = eventsOf(play(steps))
      const at = cut % (events.length + 1)
      const ledger = replay(events.slice(0, at))
      const again = kept(ledger)
      expect(contentsOf(again)).toEqual(contentsOf(ledger))
      expect(contentsOf(fold(again, events.slice(at)).ledger)).toEqual(contentsOf(replay(events)))
    }),
    PATIENCE,
  )

  it(
    'of a ledger that was decided leads to the same decisions',
    holds([run, run], 100, (past, future) => {
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
    PATIENCE,
  )

  it(
    'has the same lines whether its ledger was decided, folded in parts, or read',
    holds([run, fc.nat()], 200, (steps, cut) => {
      const world = new World()
      const events = eventsOf(steps.map((step) => world.play(step)))
      const middle = cut % (events.length + 1)
      const first = replay(events.slice(0, middle))
      const folded = fold(first, events.slice(middle)).ledger
      const lines = (ledger: typeof folded) => linesOf(ledger).map((line) => JSON.parse(line))
      expect(lines(world.ledger)).toEqual(lines(folded))
      expect(lines(kept(folded))).toEqual(lines(folded))
    }),
    PATIENCE,
  )

  it('that contradicts itself is refused with its number', () => {
    const logs = fc.sample(run, { numRuns: 50, seed: 7 }).map((steps) => eventsOf(play(steps)))
    const events = logs.find((each) => replay(each).jobs.size > 0) ?? []
    const whole = linesOf(replay(events))
    const jobs = whole.filter((line) => line.startsWith('["jobs"'))
    expect(jobs.length).toBeGreaterThan(0)
    const corrupt = expect.objectContaining({
      code: 'corrupt_log',
      details: expect.objectContaining({ seq: events.length }),
    })
    const wrong: Readonly<Record<string, readonly string[]>> = {
      'a job is missing': whole.filter((line) => !jobs.includes(line)),
      'a job is in it twice': whole.flatMap((line) =>
        jobs.includes(line) ? [line, line.replace(/\["jobs",\[\["[^"]*"/u, '["jobs",[["another"')] : [line],
      ),
      'its end is missing': whole.slice(0, -1),
      'it goes on after its end': [...whole, ...jobs],
    }
    for (const [what, lines] of Object.entries(wrong))
      expect(() => readLedger(events.length, lines), what).toThrow(corrupt)
  })

  it('writes of a job in line only what a reader cannot guess', () => {
    const specs = Array.from({ length: 1_000 }, (_, n) => plainSpec(`job-${n}`, ['flux-dev']))
    const queue = new CoreQueue()
    queue.send({ type: 'enqueue', specs })
    const lines = linesOf(queue.ledger)
    const rows = lines.flatMap((line) => {
      const [kind, rows] = JSON.parse(line) as SnapshotLine
      return kind === 'jobs' ? (rows as readonly (readonly unknown[])[]) : []
    })
    expect(rows.filter((row) => row.length > 4).length).toBeLessThan(3)
    expect(lines.join('\n').length / 1_000).toBeLessThan(60)
  })
})
