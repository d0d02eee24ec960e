/** Stats over a stretch of a log, and a scrape that counts from its beginning on, say the same of it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  defaultPolicy,
  type Event,
  emptyLedger,
  fold,
  type RecordedEvent,
  specDefaults,
} from '../../../src/engine/core/index.ts'
import { meterOptions, QueueMeter } from '../../../src/tools/figures/index.ts'
import { readingOf } from '../../../src/tools/figures/meter/reading.ts'
import { Collector } from '../../../src/tools/insight/stats/collector.ts'
import { statsOf } from '../../../src/tools/insight/stats/stats.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { eventsOf, play } from '../../support/simulate.ts'

const SECOND = 1_000_000

/** @param begun how many of the events were before @param atOnce how many the process folds together */
function both(events: readonly RecordedEvent[], begun: number, atOnce = 1) {
  const before = fold(emptyLedger, events.slice(0, begun)).ledger
  const rest = events.slice(begun)
  const [from, to] = [before.lastAt, (rest.at(-1)?.at ?? before.lastAt) + 1]
  const collector = new Collector({ from, to, count: 4 }, before)
  for (const event of rest) collector.push(event)
  const meter = new QueueMeter(meterOptions({}))
  meter.begin(before)
  for (let at = 0; at < rest.length; at += atOnce) {
    const some = rest.slice(at, at + atOnce)
    meter.see({ ...fold(meter.ledger, some), events: some })
  }
  const { counts: told, split } = statsOf('q', collector, collector.finish())
  const { waits, runs, counts, waited } = readingOf(meter, to)
  const { queued: came, starts, ends, requeues } = counts
  return {
    stats: {
      waits: lengthsOf(collector.waits),
      runs: lengthsOf(collector.runs),
      counts: told,
      waited: new Map<string, number>(split.map(({ name, ms }) => [name, ms / 1_000])),
    },
    scrape: {
      waits: [waits.count, Math.round(waits.sum * SECOND)],
      runs: [runs.count, Math.round(runs.sum * SECOND)],
      counts: {
        ...{ queued: came, started: starts, ...ends },
        requeued: sumOf(Object.values(requeues)),
      },
      waited,
    },
  }
}

const sumOf = (numbers: Iterable<number>) => [...numbers].reduce((sum, one) => sum + one, 0)
const lengthsOf = (micros: readonly number[]) => [micros.length, sumOf(micros)]

it(
  'whatever happens, wherever the stretch begins, and however many events come at once',
  holds(
    [
      arbitraryRun({ maxLength: 80 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 40 }),
    ],
    40,
    (steps, part, atOnce) => {
      const events = eventsOf(play(steps))
      const { stats, scrape } = both(events, Math.floor(events.length * part), atOnce)
      expect(stats.waits).toEqual(scrape.waits)
      expect(stats.runs).toEqual(scrape.runs)
      expect(stats.counts).toEqual(scrape.counts)
      // In whole: for what it was is read off whole appends, and these are cut anywhere.
      expect(sumOf(stats.waited.values())).toBeCloseTo(sumOf(scrape.waited.values()), 5)
    },
  ),
  PATIENCE,
)

const spec = { ...specDefaults, jobType: 'normal', kind: 'normal', models: ['m'] } as const
const at = (second: number) => (100 + second) * SECOND
const logOf = (entries: readonly (readonly [second: number, event: Event])[]): readonly RecordedEvent[] =>
  entries.map(([second, event], i) => ({
    ...{ ...event, seq: i + 1, at: at(second) + i, commandId: `c${i}`, commandHash: 0 },
  }))
const open: Event = { type: 'policy_changed', policy: { ...defaultPolicy, maxActive: null } }
const queued = (runAt: number | null): Event => ({
  ...{ type: 'queued', jobId: 'a' },
  spec: { ...spec, jobId: 'a', runAt },
})
const started: Event = { type: 'started', jobId: 'a', workerId: 'w', attempt: 1, models: ['m'] }

it.each<
  readonly [what: string, begun: number, waits: number, entries: readonly (readonly [number, Event])[]]
>([
  [
    'of a job that was due before they began, from then on',
    3,
    5,
    [
      [0, open],
      [0, queued(at(20))],
      [20, { type: 'due', jobId: 'a' }],
      [25, started],
    ],
  ],
  [
    'of a retry that was not due when they began, from when it is',
    5,
    2,
    [
      [0, open],
      [0, queued(null)],
      [1, started],
      [3, { type: 'failed', jobId: 'a', token: 3, code: 'handler_error', final: false }],
      [3, { type: 'requeued', jobId: 'a', reason: 'retry', runAt: at(20) }],
      [20, { type: 'due', jobId: 'a' }],
      [22, { ...started, attempt: 2 }],
    ],
  ],
  [
    'of a job that was put off in line, from when it is due again',
    0,
    2,
    [
      [0, open],
      [0, queued(null)],
      [4, { type: 'debounced', jobId: 'a', runAt: at(20) }],
      [20, { type: 'due', jobId: 'a' }],
      [22, started],
    ],
  ],
])('both say the wait %s', (_, begun, seconds, entries) => {
  const { stats, scrape } = both(logOf(entries), begun)
  expect(stats.waits).toEqual(scrape.waits)
  expect(scrape.waits.map((one) => Math.round(one / 1_000))).toEqual([0, seconds * 1_000])
})
