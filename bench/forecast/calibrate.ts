import { type ForecastOptions, forecast, handsOf, type Micros, RunTimes, type StartRange } from '../../src/engine/core/index.ts'
import { quantile } from '../frame/statistics.ts'
import { type Load, type Moment, Replayed } from './replay.ts'
import type { Stretch } from './stretches.ts'

export interface Calibration {
  /** Which part of the starts lies in the range that was told, before it, and after it. */
  readonly within: number
  readonly early: number
  readonly late: number
  /** How many were asked, and of which part of them a range was told. */
  readonly asked: number
  readonly answered: number
  /** The median width of the ranges, in seconds. */
  readonly width: number
}

export interface Asking {
  /** Asked after each so many starts. */
  readonly every?: number
  /** Of so many jobs each time, evenly over the line. */
  readonly jobs?: number
}

interface Answer {
  readonly range: StartRange | undefined
  readonly at: Micros
}

/** How good the ranges are: told for jobs of a stretch that wait, by a process that has followed those before it, and compared with their starts. */
export function calibrate({ before, requests }: Stretch, load: Load, asking: Asking = {}): Calibration {
  const { every = 50, jobs = 40 } = asking
  const run = new Replayed([...before, ...requests], { ...load, apart: load.apart || paceOf(before, load) })
  const own = new Set(requests.map(({ jobId }) => jobId))
  const times = new RunTimes()
  const answers: (Answer & { readonly jobId: string })[] = []
  let seen = 0
  while (run.goOn(every)) {
    for (; seen < run.events.length; seen++) {
      const event = run.events[seen]
      if (event !== undefined) times.push(event, run.moment.ledger)
    }
    answers.push(...answersAt(run.moment, times, jobs).filter(({ jobId }) => own.has(jobId)))
  }
  const told = answers.flatMap(({ range, at, jobId }) =>
    range === undefined || range.from === null || range.to === null
      ? []
      : [{ from: range.from, to: range.to, wait: (run.started.get(jobId) ?? at) - at }],
  )
  const part = (count: number) => count / Math.max(1, told.length)
  return {
    within: part(told.filter(({ from, to, wait }) => wait >= from && wait <= to).length),
    early: part(told.filter(({ from, wait }) => wait < from).length),
    late: part(told.filter(({ to, wait }) => wait > to).length),
    asked: answers.length,
    answered: told.length / answers.length,
    width: quantile(told.map(({ from, to }) => (to - from) / 1e6), 0.5),
  }
}

/** How many seconds pass between bursts if they come as fast as they are done. */
function paceOf(requests: Stretch['before'], load: Load): number {
  const run = new Replayed(requests, { ...load, burst: requests.length, apart: 1 })
  const begin = run.queue.now
  while (run.goOn(1_000));
  return ((run.queue.now - begin) / 1e6 / requests.length) * load.burst
}

function answersAt({ ledger, now, workers }: Moment, times: RunTimes, jobs: number) {
  const waiting = [...ledger.line].map(({ jobId }) => jobId)
  const every = Math.max(1, Math.ceil(waiting.length / jobs))
  const some = waiting.filter((_, n) => n % every === every - 1)
  const options: ForecastOptions = { ledger, now, times, hands: handsOf(workers, ledger) }
  const found = whole(forecast(options))
  return some.map((jobId) => {
    const range = whole(found.of(jobId))
    return { jobId, at: now, range: typeof range === 'string' ? undefined : range }
  })
}

/** All turns, one after the other. */
function whole<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
