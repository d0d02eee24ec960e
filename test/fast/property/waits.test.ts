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
} from '../../../src/engine/core/index.ts'
import { splitWaits, type Wait, waitCauses } from '../../../src/tools/insight/index.ts'
import { Collector } from '../../../src/tools/insight/stats/collector.ts'
import { WaitClocks } from '../../../src/tools/insight/stats/wait-clocks.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { holds, PATIENCE, runs } from '../../support/runs.ts'
import { eventsOf, play } from '../../support/simulate.ts'

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
const sumOf = ({ byCause }: Wait) => Object.values(byCause).reduce((sum, micros) => sum + micros, 0)
const byCauseOf = (waits: readonly Wait[]) => {
  const sums = new Map<string, number>()
  for (const { byCause } of waits)
    for (const [cause, micros] of Object.entries(byCause)) sums.set(cause, (sums.get(cause) ?? 0) + micros)
  return new Map([...sums].toSorted())
}
/** The parts of each wait follow each other up to its end; where none was left out, they say the same as its sums. */
function checkParts({ from, to, byCause, parts }: Wait): void {
  expect(parts.slice(1).map((part) => part.from)).toEqual(parts.slice(0, -1).map((part) => part.to))
  if (to > from) expect(parts.at(-1)?.to).toBe(to)
  if (to > from && parts.length < 32) expect(parts[0]?.from).toBe(from)
  if (parts[0]?.from !== from) return
  const told = parts.map(
    (part) => ({ ...part, byCause: { [part.cause]: part.to - part.from } }) as unknown as Wait,
  )
  expect(byCauseOf(told)).toEqual(byCauseOf([{ byCause } as Wait]))
}
const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

it(
  'splitWaits: the parts of each wait come to it to the microsecond, and no wait is left out',
  holds([arbitraryRun({ maxLength: 150 })], 200, (steps) => {
    const events = eventsOf(play(steps))
    const from = events[0]?.at ?? 0
    const to = (events.at(-1)?.at ?? 0) + 1_000
    const waits = splitWaits(emptyLedger, events, { from, to })
    expect(waits.map(sumOf)).toEqual(waits.map(lengthOf))
    expect(waits.map(({ jobId, from: began, to: ended }) => `${jobId} ${began} ${ended}`).toSorted()).toEqual(
      waitsIn(events, to),
    )
    for (const wait of waits) checkParts(wait)
    for (const { byCause } of waits) expect(waitCauses).toEqual(expect.arrayContaining(Object.keys(byCause)))
  }),
  PATIENCE,
)

it(
  'in the stats, over events that are folded together, they come to all waiting',
  holds([arbitraryRun({ maxLength: 150 })], 200, (steps) => {
    const events = eventsOf(play(steps))
    const from = events[0]?.at ?? 0
    const to = (events.at(-1)?.at ?? 0) + 1_000
    const collector = new Collector({ from, to, count: 4 }, emptyLedger)
    for (const event of events) collector.push(event)
    collector.finish()
    const waited = waitsIn(events, to).map((wait) => wait.split(' ').map(Number))
    const all = total(waited.map((numbers) => (numbers.at(-1) ?? 0) - (numbers.at(-2) ?? 0)))
    expect(total([...collector.meter.clocks.byCause.values()])).toBe(all)
    expect(total([...collector.meter.clocks.byReason.values()])).toBe(all)
  }),
  PATIENCE,
)

/**
 * As a process follows them.
 * @param looks after which of them somebody reads the sums
 * @param together how many it folds at a time
 */
function clocked(
  events: readonly RecordedEvent[],
  to: number,
  { looks = new Set(), together = 1 }: { looks?: ReadonlySet<number>; together?: number } = {},
) {
  const waits: Wait[] = []
  const clocks = new WaitClocks({ isDetailed: true, onWait: (wait) => waits.push(wait) })
  let ledger = emptyLedger
  for (let n = 0; n < events.length; n += together) {
    const group = events.slice(n, n + together)
    const { at } = group.at(-1) as RecordedEvent
    for (const event of group) clocks.note(event)
    const folded = fold(ledger, group)
    ledger = folded.ledger
    clocks.look(ledger, folded.touched, at)
    if (looks.has(n)) clocks.spend(at)
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
        fc.integer({ min: 1, max: 5 }),
        (steps, looks, together) => {
          const events = eventsOf(play(steps))
          const to = (events.at(-1)?.at ?? 0) + 1_000
          const { waits, clocks } = clocked(events, to, { looks: new Set(looks), together })
          expect(waits.map(sumOf)).toEqual(waits.map(lengthOf))
          expect(waits.map(({ jobId, from, to: ended }) => `${jobId} ${from} ${ended}`).toSorted()).toEqual(
            waitsIn(events, to),
          )
          const all = total(waits.map(lengthOf))
          expect(total([...clocks.byCause.values()])).toBe(all)
          expect(total([...clocks.byReason.values()])).toBe(all)
          expect(new Map([...clocks.byCause].toSorted())).toEqual(byCauseOf(waits))
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
  const seconds = Object.entries(last?.byCause ?? {}).map(([cause, micros]) => [
    cause,
    Math.round(micros / SECOND),
  ])
  expect(Object.fromEntries(seconds)).toEqual({ line: 3, model: 4, drain: 4 })
})

/** A log of one model, by the second. */
function logOf(entries: readonly (readonly [number, Event])[]): readonly RecordedEvent[] {
  return entries.map(([second, event], i) => ({
    ...{ ...event, seq: i + 1, at: (100 + second) * 1_000_000, commandId: `c${i}`, commandHash: 0 },
  }))
}

const queued = (jobId: string): Event => {
  const spec = { ...specDefaults, jobId, jobType: 'normal', kind: 'normal', models: ['m'] } as const
  return { type: 'queued', jobId, spec }
}
const open = { type: 'policy_changed', policy: { ...defaultPolicy, maxActive: null } } as const

it('where followed from within a drain, a job waits for that until the queue is resumed', () => {
  const events = logOf([
    [0, open],
    [1, queued('a')],
    [2, { type: 'drain_requested' }],
    [10, { type: 'resumed' }],
  ])
  const { ledger } = fold(emptyLedger, events.slice(0, 3))
  const [wait] = splitWaits(ledger, events.slice(3), { from: 105_000_000, to: 117_000_000 })
  expect(wait).toMatchObject({ since: 101_000_000, from: 105_000_000 })
  expect(wait?.byCause).toEqual({ drain: 5_000_000, no_worker: 7_000_000 })
})

it('tells each job in the way as a part of its own', () => {
  const events = logOf([
    [0, open],
    ...['a', 'b', 'c'].map((jobId, n) => [1 + n, queued(jobId)] as const),
    [4, { type: 'started', jobId: 'a', workerId: 'w', attempt: 1, models: ['m'] }],
    [6, { type: 'cancelled', jobId: 'b', token: null }],
    [9, { type: 'completed', jobId: 'a', token: 5 }],
  ])
  const waits = splitWaits(emptyLedger, events, { from: 0, to: 110_000_000 })
  const parts = waits.find(({ jobId }) => jobId === 'c')?.parts ?? []
  expect(parts.map(({ code, blockedBy, from, to }) => [code, blockedBy, (to - from) / 1e6])).toEqual([
    ['behind_in_line', 'b', 1],
    ['model_in_use', 'b', 2],
    ['model_in_use', 'a', 3],
    ['offered', null, 1],
  ])
})

/** Fifty jobs run one after the other, a quarter of each second, while one more waits behind them. */
function busyLine(): readonly RecordedEvent[] {
  const others = Array.from({ length: 50 }, (_, n) => [1 + n / 100, queued(`other-${n}`)] as const)
  const runs = Array.from({ length: 50 }, (_, n): (readonly [number, Event])[] => [
    [10 + n, { type: 'started', jobId: `other-${n}`, workerId: 'w', attempt: 1, models: ['m'] }],
    [10.25 + n, { type: 'completed', jobId: `other-${n}`, token: 53 + 2 * n }],
  ]).flat()
  return logOf([[0, open], ...others, [2, queued('last')], ...runs])
}

const lengthsOf = ({ parts }: Pick<Wait, 'parts'>) =>
  parts.map(({ code, from, to }) => [code, (to - from) / 1e6])

it('a wait with more parts than are kept tells the last ones, and its sums are whole', () => {
  const waits = splitWaits(emptyLedger, busyLine(), { from: 0, to: 170_000_000 })
  const wait = waits.find(({ jobId }) => jobId === 'last')
  expect(wait?.byCause).toEqual({
    line: 8_000_000 + 49 * 750_000,
    model: 50 * 250_000,
    no_worker: 10_750_000,
  })
  expect(wait?.parts).toHaveLength(32)
  expect(lengthsOf(wait ?? { parts: [] }).slice(-3)).toEqual([
    ['behind_in_line', 0.75],
    ['model_in_use', 0.25],
    ['offered', 10.75],
  ])
})

it('a wait that is asked for late tells what is still kept, and nothing that was not so', () => {
  const waits: Wait[] = []
  const clocks = new WaitClocks({ tellsParts: true, onWait: (wait) => waits.push(wait) })
  let ledger = emptyLedger
  for (const event of busyLine()) {
    clocks.note(event)
    const folded = fold(ledger, [event])
    ledger = folded.ledger
    clocks.look(ledger, folded.touched, event.at)
  }
  const wait = waits.find(({ jobId }) => jobId === 'other-44') as Wait
  // Eleven events of the line have come since, of 32 that are kept.
  expect(
    new Set(
      lengthsOf(wait)
        .slice(0, -1)
        .map((part) => part.join(' ')),
    ),
  ).toEqual(new Set(['behind_in_line 0.75', 'model_in_use 0.25']))
  expect(wait.parts.at(-1)?.to).toBe(wait.to)
  expect(wait.parts.length).toBeGreaterThan(15)
  expect(wait.parts.length).toBeLessThan(30)
  expect(sumOf(wait)).toBe(lengthOf(wait))
})
