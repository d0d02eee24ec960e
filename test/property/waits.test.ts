/** Each wait is split by what it was for, and the parts come to it exactly. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  defaultPolicy,
  type Event,
  emptyLedger,
  fold,
  outcomeOf,
  type RecordedEvent,
  specDefaults,
} from '../../src/core/index.ts'
import { splitWaits, type Wait, waitCauses } from '../../src/insight/index.ts'
import { Collector, WaitClocks } from '../../src/insight/parts.ts'
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

/** Event by event, as a process follows them. @param looks after which of them somebody reads the sums */
function clocked(events: readonly RecordedEvent[], to: number, looks: ReadonlySet<number> = new Set()) {
  const waits: Wait[] = []
  const clocks = new WaitClocks({ onWait: (wait) => waits.push(wait) })
  let ledger = emptyLedger
  for (const [i, event] of events.entries()) {
    clocks.note(event)
    const folded = fold(ledger, [event])
    ledger = folded.ledger
    clocks.look(ledger, folded.touched, event.at)
    if (looks.has(i)) clocks.spend(event.at)
  }
  clocks.finish(to)
  return { waits, clocks }
}

it(
  'by clocks that a line shares, the parts of each wait come to it to the microsecond as well, however often somebody looks',
  () => {
    fc.assert(
      fc.property(
        arbitraryRun({ maxLength: 150 }),
        fc.array(fc.nat(200), { maxLength: 20 }),
        (steps, looks) => {
          const events = [...play(steps)].flatMap(({ decision }) => decision.events)
          const to = (events.at(-1)?.at ?? 0) + 1_000
          const { waits, clocks } = clocked(events, to, new Set(looks))
          expect(waits.map(sumOf)).toEqual(waits.map(lengthOf))
          expect(waits.map(({ jobId, from, to: ended }) => `${jobId} ${from} ${ended}`).toSorted()).toEqual(
            waitsIn(events, to),
          )
          const all = total(waits.map(lengthOf))
          expect(total([...clocks.byCause.values()])).toBe(all)
          expect(total([...clocks.byReason.values()])).toBe(all)
        },
      ),
      { numRuns: runs(200) },
    )
  },
  PATIENCE,
)

it('what changes for a whole line at once changes for the last in it, too', () => {
  const SECOND = 1_000_000
  const spec = (jobId: string) =>
    ({ ...specDefaults, jobId, jobType: 'normal', kind: 'normal', models: ['m'] }) as const
  const jobs = ['a', 'b', 'c', 'd']
  const log = [
    [0, { type: 'policy_changed', policy: { ...defaultPolicy, maxActive: null } }],
    ...jobs.map((jobId, i) => [1 + i / SECOND, { type: 'queued', jobId, spec: spec(jobId) }] as const),
    // Until now they only stand behind each other. Then the model is in use, then the queue drains, then it is open again.
    [2, { type: 'started', jobId: 'a', workerId: 'w', attempt: 1, models: ['m'] }],
    [5, { type: 'drain_requested' }],
    [9, { type: 'resumed' }],
    [10, { type: 'completed', jobId: 'a', token: 6 }],
  ] as const satisfies readonly (readonly [number, Event])[]
  const events = log.map(
    ([second, event], i): RecordedEvent => ({
      ...{ ...event, seq: i + 1, at: (100 + second) * SECOND, commandId: `c${i}`, commandHash: 0 },
    }),
  )
  const { waits } = clocked(events, 112 * SECOND)
  const last = waits.find(({ jobId }) => jobId === 'd')
  const seconds = Object.entries(last?.parts ?? {}).map(([cause, micros]) => [
    cause,
    Math.round(micros / SECOND),
  ])
  expect(Object.fromEntries(seconds)).toEqual({ line: 3, model: 4, drain: 4 })
})
