import type { LiveCode } from './diagnosis.ts'
import type { RecordedEvent } from './event.ts'
import type { LiveExplanation } from './explain.ts'
import { MICROS_PER_SECOND, type Micros } from './job.ts'
import { jobOf, type Ledger, modelOf } from './ledger.ts'

/** How many of the last events of a log to look at. */
export const TYPICAL_EVENTS = 1_000

/** How long jobs ran, in seconds: the mean, and the standard deviation; null for a single one. */
export interface RunTime {
  readonly seconds: number
  readonly apart: number | null
}

/** How long jobs took that were completed lately. Undefined if none was. */
export interface Typical {
  readonly byModel: ReadonlyMap<string, RunTime>
  readonly all: RunTime | undefined
}

/** When a job may start, in seconds from now; the same as `job_queue_explain` says. */
export interface Starts {
  readonly seconds: number
  /** Eight times of ten it lies in this range, as far as those times tell; null: too few have completed. */
  readonly from: number | null
  readonly to: number | null
}

/** Codes under which it waits for others to end: how many, and how long that takes, can be told. */
const inLine: ReadonlySet<LiveCode | null> = new Set([
  'serialized',
  'at_capacity',
  'model_in_use',
  'behind_in_line',
])

/** Eight of ten values of a normal distribution are no further from its mean than so many standard deviations. */
const EIGHT_OF_TEN = 1.2816

/** One line in which it stands: of a model, or of the slots of the queue. */
interface LineOf {
  readonly ahead: number
  readonly capacity: number
  /** Since when those have run that run there. */
  readonly since: readonly Micros[]
  readonly time: RunTime | undefined
}

/** What has to end before it, by how long such jobs took recently; the longest of its lines counts. Null: nothing to tell it by. */
export function startsOf(
  { code, position, models }: LiveExplanation,
  ledger: Ledger,
  typical: Typical,
  now: Micros,
): Starts | null {
  if (code === 'offered') return { seconds: 0, from: 0, to: 0 }
  if (!inLine.has(code) || position === null) return null
  // Who takes all places of a model waits for all that have one, and all wait for it: this counts places.
  if (models.some(({ model }) => modelOf(ledger, model).whole.size > 0)) return null
  const sinceOf = (jobIds: Iterable<{ readonly jobId: string }>) =>
    [...jobIds]
      .map(({ jobId }) => jobOf(ledger, jobId))
      .flatMap((job) => (job?.active ? [job.startedAt] : []))
  const { maxActive } = ledger.policy
  const lines: readonly LineOf[] = [
    ...models.map(({ model, ahead, capacity }) => ({
      ahead,
      capacity,
      time: typical.byModel.get(model),
      since: sinceOf(modelOf(ledger, model).holders),
    })),
    ...(maxActive === null
      ? []
      : [{ ahead: position, capacity: maxActive, time: typical.all, since: sinceOf(ledger.active) }]),
  ]
  const waits = lines.flatMap((line) => waitIn(line, now))
  if (waits.length === 0) return null
  const ranged = waits.every(({ apart }) => apart !== null)
  const longest = (of: (wait: TypicalWait) => number) => Math.max(0, ...waits.map(of))
  return {
    seconds: longest(({ seconds }) => seconds),
    from: ranged ? longest(({ seconds, apart }) => seconds - (apart ?? 0)) : null,
    to: ranged ? longest(({ seconds, apart }) => seconds + (apart ?? 0)) : null,
  }
}

interface TypicalWait {
  readonly seconds: number
  readonly apart: number | null
}

/** Exact where each takes as long as the others and they began evenly spread; the range is that of a sum of so many. */
function waitIn({ ahead, capacity, since, time }: LineOf, now: Micros): readonly TypicalWait[] {
  if (time === undefined) return []
  const ends = Math.max(0, ahead + 1 - Math.max(capacity - since.length, 0))
  const apart = time.apart === null ? null : (EIGHT_OF_TEN * time.apart * Math.sqrt(ends)) / capacity
  if (ends === 0) return [{ seconds: 0, apart }]
  const gone = since.reduce(
    (sum, at) => sum + Math.min(Math.max(0, (now - at) / MICROS_PER_SECOND), time.seconds),
    0,
  )
  const work = (ends + Math.max(0, since.length - 1) / 2) * time.seconds
  return [{ seconds: Math.max(0, work - gone) / capacity, apart }]
}

/** From these events, the last ones of a log. */
export function typicalIn(events: readonly RecordedEvent[]): Typical {
  const started = new Map<string, RecordedEvent & { readonly type: 'started' }>()
  const all: number[] = []
  const byModel = new Map<string, number[]>()
  for (const event of events) {
    if (event.type === 'started') started.set(event.jobId, event)
    if (event.type !== 'completed') continue
    const begin = started.get(event.jobId)
    if (begin === undefined) continue
    const seconds = (event.at - begin.at) / 1e6
    all.push(seconds)
    for (const model of begin.models) {
      const known = byModel.get(model)
      if (known === undefined) byModel.set(model, [seconds])
      else known.push(seconds)
    }
  }
  return {
    byModel: new Map([...byModel].map(([model, times]) => [model, runTimeOf(times)])),
    all: all.length === 0 ? undefined : runTimeOf(all),
  }
}

function runTimeOf(times: readonly number[]): RunTime {
  const seconds = times.reduce((a, b) => a + b, 0) / times.length
  if (times.length < 2) return { seconds, apart: null }
  const squares = times.reduce((sum, time) => sum + (time - seconds) ** 2, 0)
  return { seconds, apart: Math.sqrt(squares / (times.length - 1)) }
}
