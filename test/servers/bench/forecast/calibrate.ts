import { quantile } from '../../../../bench/frame/statistics.ts'
import { Experience, emptyLedger, type Micros, type StartRange } from '../../../../src/engine/core/index.ts'
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
  readonly jobId: string
  readonly at: Micros
  /** Undefined: nobody can say. */
  readonly range: StartRange | undefined
}

/**
 * How good the ranges are: told for jobs of a stretch that wait, by a process that has followed the queue since the jobs before it came, and
 * compared with when those did start.
 */
export function calibrate({ before, requests }: Stretch, load: Load, asking: Asking = {}): Calibration {
  const { every = 50, jobs = 40 } = asking
  const run = new Replayed([...before, ...requests], { ...load, apart: paceOf(before, load) })
  const own = new Set(requests.map(({ jobId }) => jobId))
  const experience = new Experience(emptyLedger)
  const answers: Answer[] = []
  while (run.goOn(every)) {
    for (const event of run.events.slice(experience.version)) experience.push(event, run.moment.ledger)
    answers.push(...answersAt(run.moment, experience, jobs).filter(({ jobId }) => own.has(jobId)))
  }
  const told = answers.flatMap(({ range, at, jobId }) =>
    range === undefined ? [] : [{ ...range, wait: (run.started.get(jobId) ?? at) - at }],
  )
  const part = (count: number) => count / Math.max(1, told.length)
  return {
    within: part(told.filter(({ from, to, wait }) => wait >= from && wait <= to).length),
    early: part(told.filter(({ from, wait }) => wait < from).length),
    late: part(told.filter(({ to, wait }) => wait > to).length),
    asked: answers.length,
    answered: told.length / answers.length,
    width: quantile(
      told.map(({ from, to }) => (to - from) / 1e6),
      0.5,
    ),
  }
}

/** How many seconds pass between bursts if they come as fast as they are done. */
function paceOf(requests: Stretch['before'], load: Load): number {
  const run = new Replayed(requests, { ...load, burst: requests.length, apart: 1 })
  const begin = run.queue.now
  while (run.goOn(1_000));
  return ((run.queue.now - begin) / 1e6 / requests.length) * load.burst
}

function answersAt(moment: Moment, experience: Experience, jobs: number): readonly Answer[] {
  const waiting = [...moment.ledger.line].map(({ jobId }) => jobId)
  const every = Math.max(1, Math.ceil(waiting.length / jobs))
  const some = waiting.filter((_, n) => n % every === every - 1)
  const found = whole(experience.forecast(moment))
  return some.map((jobId) => {
    const range = whole(found.of(jobId))
    return { jobId, at: moment.now, range: typeof range === 'string' ? undefined : range }
  })
}

/** All turns, one after the other. */
function whole<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
