/** A trace says what its job waited for, to the microsecond, in the words of the figures. */
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { emptyLedger, type QueueChange } from '../../../src/engine/core/index.ts'
import type { Wait } from '../../../src/tools/insight/index.ts'
import { WaitClocks } from '../../../src/tools/insight/stats/wait-clocks.ts'
import { arbitraryRun, type Step } from '../../support/commands.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { play } from '../../support/simulate.ts'
import { idOf, parentOf, queueFor, secondsOf, traced } from './support.ts'

/** Plays a run before the telemetry of one of its processes, and beside it the clocks that figures and stats count with. */
function waitsOf(steps: readonly Step[], workerId: string) {
  const { telemetry, named } = traced()
  const waits: Wait[] = []
  const clocks = new WaitClocks({ onWait: (wait, by) => by?.type === 'started' && waits.push(wait) })
  let [ledger, now] = [emptyLedger, 0]
  let see: (change: QueueChange) => void = () => {}
  telemetry.follow({
    ...{ queue: 'default', workerId: () => workerId, ledger: () => ledger, now: () => now },
    follow: (listener) => (see = listener),
  })
  const inFigures: string[] = []
  for (const { decision, surroundings } of play(steps)) {
    ;({ ledger } = decision)
    ;({ now } = surroundings)
    const { events, touched, results } = decision
    const last = events.at(-1)
    if (last === undefined) continue
    see(decision)
    for (const event of events) clocks.note(event)
    clocks.look(ledger, touched, last.at)
    for (const started of results.flatMap((result) => (result.ok ? result.started : []))) {
      const wait = waits.find(({ jobId }) => jobId === started.lease.jobId)
      if (started.workerId !== workerId || wait === undefined) continue
      telemetry
        .begin({ ...{ queue: 'default', started, given: [] }, trace: null, isCalled: false })
        .end({ outcome: 'completed' })
      if (wait.to - wait.from >= 1_000) inFigures.push(lineOf(wait.jobId, Object.entries(wait.byCause)))
    }
    waits.length = 0
  }
  return { spans: named('wait default'), inFigures }
}

const lineOf = (jobId: unknown, parts: readonly (readonly [string, number])[]) =>
  `${jobId}: ${parts
    .map(([cause, micros]) => `${micros} ${cause}`)
    .toSorted()
    .join(', ')}`
const micros = (value: unknown) => Math.round(Number(value) * 1e6)
const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

/** What a span says of each cause, in microseconds. */
const sumsOf = ({ attributes }: ReadableSpan) =>
  Object.entries(attributes).flatMap(([name, seconds]): readonly (readonly [string, number])[] => {
    const [, cause] = /^interlock\.wait\.(\w+)\.seconds$/u.exec(name) ?? []
    return cause === undefined ? [] : [[cause, micros(seconds)]]
  })

it(
  'the parts come to the length of the span, by sums and by events, and the figures say the same of the wait',
  () => {
    let told = 0
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 150 }), (steps) => {
        const { spans, inFigures } = waitsOf(steps, 'w0.0')
        told += spans.length
        for (const span of spans) {
          const length = micros(secondsOf(span.duration))
          expect(total(sumsOf(span).map(([, each]) => each))).toBe(length)
          const events = span.events.map(({ attributes }) => micros(attributes?.['interlock.wait.seconds']))
          expect(total(events)).toBe(length)
        }
        const said = spans.map((span) => lineOf(span.attributes['messaging.message.id'], sumsOf(span)))
        expect(said).toEqual(inFigures)
      }),
      { numRuns: runs(200) },
    )
    expect(told).toBeGreaterThan(runs(200) / 2)
  },
  PATIENCE,
)

it('a coordinator that left and joined again is followed in its new life', () => {
  const { telemetry, named } = traced()
  queueFor(telemetry).follow()
  const queue = queueFor(telemetry)
  queue.follow()
  queue.enqueue(1, { jobId: 'a', models: ['m'] })
  queue.run(queue.claim(3))
  const waits = named('wait default').map(({ attributes }) => attributes['interlock.wait.no_worker.seconds'])
  expect(waits).toEqual([2])
})

it('a process that is told of its start, and reads later, tells the wait then, each part for what it was', () => {
  const { telemetry, named } = traced()
  const queue = queueFor(telemetry)
  queue.follow()
  queue.away()
  queue.enqueue(1, { jobId: 'first', models: ['m'] }, { jobId: 'second', models: ['m'] })
  queue.complete(4, queue.claim(1))
  queue.run(queue.claim(9))
  expect(named('wait default')).toEqual([])
  queue.back()
  const [wait, ...others] = named('wait default')
  expect(others).toEqual([])
  expect(wait?.attributes).toMatchObject({
    'messaging.message.id': 'second',
    'interlock.wait.model.seconds': expect.closeTo(3, 5),
    'interlock.wait.no_worker.seconds': 5,
  })
  expect(parentOf(wait)).toBe(idOf(named('process default')[0]))
})
