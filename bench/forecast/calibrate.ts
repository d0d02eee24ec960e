import { forecast, type Micros, RunTimes, type StartRange } from '../../src/engine/core/index.ts'
import { quantile } from '../frame/statistics.ts'
import type { Request } from '../schedule/trace.ts'
import { type Load, type Moment, Replayed } from './replay.ts'

export interface Calibration {
  /** Which part of the starts lies in the range that was told, below it, and above it. */
  readonly within: number
  readonly early: number
  readonly late: number
  /** The median width of the ranges over that between the plain 10 % and 90 % quantiles of past waits. */
  readonly width: number
  readonly asked: number
}

export interface Asking {
  /** What runs meanwhile is measured, too. */
  readonly learns: boolean
  /** Asked so often, at even parts of the starts. */
  readonly moments?: number
  /** Of so many jobs each time, evenly over the line. */
  readonly jobs?: number
}

/**
 * How good the ranges are: measured on the first requests, told for jobs of the last ones that wait, and compared with when those started.
 */
export function calibrate(
  first: readonly Request[],
  last: readonly Request[],
  load: Load,
  { learns, moments = 20, jobs = 40 }: Asking,
): Calibration {
  const past = new Replayed(first, load)
  while (past.goOn(1_000));
  const times = measured(past)
  const run = new Replayed(last, load)
  const asked: (StartRange & { readonly jobId: string; readonly now: Micros })[] = []
  let seen = 0
  while (run.goOn(Math.ceil(last.length / moments))) {
    for (; learns && seen < run.events.length; seen++) {
      const event = run.events[seen]
      if (event !== undefined) times.push(event, run.moment.ledger)
    }
    asked.push(...rangesAt(run.moment, times, jobs))
  }
  const plain = quantile(past.waits, 0.9) - quantile(past.waits, 0.1)
  const sides = asked.map(({ jobId, now, from, to }) => {
    const at = (run.started.get(jobId) ?? now) - now
    return at < (from ?? 0) ? 'early' : at > (to ?? 0) ? 'late' : 'within'
  })
  const part = (side: string) => sides.filter((each) => each === side).length / sides.length
  const widths = asked.map(({ from, to }) => (to ?? 0) - (from ?? 0))
  const parts = { within: part('within'), early: part('early'), late: part('late') }
  return { ...parts, width: quantile(widths, 0.5) / plain, asked: asked.length }
}

function measured({ events, queue }: Replayed): RunTimes {
  const times = new RunTimes()
  for (const event of events) times.push(event, queue.ledger)
  return times
}

function rangesAt({ ledger, now, free }: Moment, times: RunTimes, jobs: number) {
  const waiting = [...ledger.line].map(({ jobId }) => jobId)
  const every = Math.max(1, Math.ceil(waiting.length / jobs))
  const some = waiting.filter((_, n) => n % every === every - 1)
  const found = whole(forecast({ ledger, now, times, hands: { free, kinds: null } }))
  return some.flatMap((jobId) => {
    const range = whole(found.of(jobId))
    return typeof range === 'string' ? [] : [{ ...range, jobId, now }]
  })
}

/** All turns, one after the other. */
function whole<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
