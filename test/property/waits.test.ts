/** Each wait is split by what it was for, and the parts come to it exactly. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { emptyLedger, outcomeOf, type RecordedEvent } from '../../src/core/index.ts'
import { splitWaits, type Wait, waitCauses } from '../../src/insight/index.ts'
import { Collector } from '../../src/insight/parts.ts'
import { arbitraryRun } from '../support/commands.ts'
import { PATIENCE, runs } from '../support/runs.ts'
import { play } from '../support/simulate.ts'

/** Read off the events alone: from when to when each job waited. */
function waitsIn(events: readonly RecordedEvent[], to: number): readonly string[] {
  const began = new Map<string, number>()
  const waits: string[] = []
  const end = (jobId: string, at: number) => {
    const from = began.get(jobId)
    began.delete(jobId)
    if (from !== undefined) waits.push(`${jobId} ${from} ${at}`)
  }
  for (const event of events) {
    if (event.type === 'queued' || event.type === 'requeued') began.set(event.jobId, event.at)
    else if ('jobId' in event && (event.type === 'started' || outcomeOf(event) !== null))
      end(event.jobId, event.at)
  }
  for (const jobId of [...began.keys()]) end(jobId, to)
  return waits.toSorted()
}

const lengthOf = ({ from, to }: Wait) => to - from
const sumOf = ({ parts }: Wait) => Object.values(parts).reduce((sum, micros) => sum + micros, 0)
const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

it(
  'splitWaits: the parts of each wait come to it to the microsecond, and no wait is left out',
  () => {
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 150 }), (steps) => {
        const events = [...play(steps)].flatMap(({ decision }) => decision.events)
        const from = events[0]?.at ?? 0
        const to = (events.at(-1)?.at ?? 0) + 1_000
        const waits = splitWaits(emptyLedger, events, { from, to })
        expect(waits.map(sumOf)).toEqual(waits.map(lengthOf))
        expect(
          waits.map(({ jobId, from: began, to: ended }) => `${jobId} ${began} ${ended}`).toSorted(),
        ).toEqual(waitsIn(events, to))
        for (const { parts } of waits) expect(waitCauses).toEqual(expect.arrayContaining(Object.keys(parts)))
      }),
      { numRuns: runs(200) },
    )
  },
  PATIENCE,
)

it(
  'in the stats, over events that are folded together, they come to all waiting',
  () => {
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 150 }), (steps) => {
        const events = [...play(steps)].flatMap(({ decision }) => decision.events)
        const from = events[0]?.at ?? 0
        const to = (events.at(-1)?.at ?? 0) + 1_000
        const collector = new Collector({ from, to, count: 4 }, emptyLedger)
        for (const event of events) collector.push(event)
        collector.finish()
        const waited = waitsIn(events, to).map((wait) => wait.split(' ').map(Number))
        const all = total(waited.map((numbers) => (numbers.at(-1) ?? 0) - (numbers.at(-2) ?? 0)))
        expect(total([...collector.blocked.byCause.values()])).toBe(all)
        expect(total([...collector.blocked.byReason.values()])).toBe(all)
      }),
      { numRuns: runs(200) },
    )
  },
  PATIENCE,
)
