import type { BatchSize } from '../command.ts'
import { type AttemptEndEvent, endsAttempt } from '../ending.ts'
import type { RecordedEvent } from '../event.ts'
import type { JobSpec, Micros } from '../job.ts'
import { jobOf, type Ledger } from '../ledger.ts'

/** How many of the last events of a log to go by, at most. */
export const MEASURED_EVENTS = 5_000

/** So many of the last times are kept of each kind with its models, of each model, and of each kind. */
const MOST_TIMES = 256
/** Of so many of them; then the one that ran longest ago is forgotten. */
const MOST_KEYS = 2_000
/** Jobs whose kind is known from when they were queued, and attempts that have begun. */
const MOST_OPEN = 20_000

export type Times = readonly Micros[]

interface Begun {
  readonly at: Micros
  readonly kind: string | undefined
  readonly models: readonly string[]
}

/**
 * How long attempts took that completed, from the events of a log: of each kind with its models, of each model and of each kind the last
 * ones. One that failed or was lost was cut short, and says nothing of how long others take.
 */
export class RunTimes {
  readonly #times = new Map<string, Micros[]>()
  readonly #kinds = new Map<string, string>()
  readonly #begun = new Map<string, Begun>()
  readonly #sizes = new Map<string, number>()
  #batch = { number: 0, size: 0 }
  #count = 0

  /** @param from the queue as it was or is: of a job that is live there it tells the kind, and since when it runs */
  push(event: RecordedEvent, from: Ledger): void {
    if (event.type === 'queued') keep(this.#kinds, event.jobId, event.spec.kind, MOST_OPEN)
    else if (event.type === 'started') this.#begin(event, from)
    else if (endsAttempt(event)) this.#end(event, from)
  }

  /** How many attempts it has measured. */
  get count(): number {
    return this.#count
  }

  /** Times that tell how long such a job takes, the most telling first. */
  of({ kind, models }: Pick<JobSpec, 'kind' | 'models'>): readonly Times[] {
    const rarest = this.#byRuns(models)[0]
    const keys = [keyOf(kind, models), keyOf('', models), ...(rarest === undefined ? [] : [modelKey(rarest)])]
    const times = [...keys, kindKey(kind), ALL].map((key) => this.#times.get(key))
    return times.filter((each) => each !== undefined)
  }

  /** What goes faster or slower together: the jobs of the model of these that ran most often; without models, those of the kind. */
  groupOf({ kind, models }: Pick<JobSpec, 'kind' | 'models'>): string {
    return this.#byRuns(models).at(-1) ?? kindKey(kind)
  }

  /** Of which kinds several jobs ran at once for one handler, and how many at most. */
  get batches(): readonly BatchSize[] {
    return [...this.#sizes].map(([kind, size]) => ({ kind, size }))
  }

  #byRuns(models: readonly string[]): readonly string[] {
    const runs = (model: string) => this.#times.get(modelKey(model))?.length ?? 0
    return models.filter((model) => runs(model) > 0).sort((a, b) => runs(a) - runs(b))
  }

  #begin({ jobId, at, models, batch }: RecordedEvent & { readonly type: 'started' }, from: Ledger): void {
    const kind = this.#kinds.get(jobId) ?? jobOf(from, jobId)?.spec.kind
    keep(this.#begun, jobId, { at, kind, models }, MOST_OPEN)
    if (batch === undefined || kind === undefined) return
    this.#batch = { number: batch, size: this.#batch.number === batch ? this.#batch.size + 1 : 1 }
    if (this.#batch.size > (this.#sizes.get(kind) ?? 1)) keep(this.#sizes, kind, this.#batch.size, MOST_KEYS)
  }

  #end({ type, jobId, at }: AttemptEndEvent, from: Ledger): void {
    const begun = this.#begun.get(jobId) ?? begunIn(from, jobId)
    this.#begun.delete(jobId)
    if (begun === undefined || type !== 'completed') return
    const { kind, models } = begun
    const known = kind === undefined ? [] : [keyOf(kind, models), kindKey(kind)]
    for (const key of [...known, keyOf('', models), ...models.map(modelKey), ALL])
      this.#note(key, at - begun.at)
    this.#count++
  }

  #note(key: string, time: Micros): void {
    const times = this.#times.get(key) ?? []
    times.push(time)
    if (times.length > MOST_TIMES) times.shift()
    keep(this.#times, key, times, MOST_KEYS)
  }
}

const ALL = '*'
const kindKey = (kind: string): string => `kind\n${kind}`
const modelKey = (model: string): string => `model\n${model}`
/** @param kind '' if it is not known */
const keyOf = (kind: string, models: readonly string[]): string =>
  ['set', kind, ...[...models].sort()].join('\n')

/** An attempt that ran when the events began. */
function begunIn(ledger: Ledger, jobId: string): Begun | undefined {
  const job = jobOf(ledger, jobId)
  return job?.active ? { at: job.startedAt, kind: job.spec.kind, models: job.spec.models } : undefined
}

function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= most) return
  for (const oldest of map.keys()) return void map.delete(oldest)
}
