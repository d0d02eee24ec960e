import { withKeeper, withStart } from '../../line/warmth/loaded.ts'
import { emptyLedger, jobOf, type Ledger } from '../../state/ledger.ts'
import type { Keepers } from '../../state/serving.ts'
import type { BatchSize } from '../../values/command.ts'
import { type AttemptEndEvent, endsAttempt } from '../../values/ending.ts'
import type { RecordedEvent } from '../../values/event.ts'
import type { JobSpec, Micros } from '../../values/job.ts'
import { Crews } from './crews.ts'
import { keep } from './keep.ts'
import { loadTimeOf } from './load-time.ts'

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
  /** What its process had to load first takes so long. */
  readonly loading: Micros
}

/**
 * How long attempts took that completed, without what was loaded for them, from the events of a log: of each kind with its models, of each
 * model and of each kind the last ones. One that failed or was lost was cut short, and says nothing of how long others take.
 */
export class RunTimes {
  readonly #times = new Map<string, Micros[]>()
  readonly #kinds = new Map<string, string>()
  readonly #begun = new Map<string, Begun>()
  readonly #sizes = new Map<string, number>()
  readonly crews = new Crews()
  #keepers: Keepers
  #policy: Ledger['policy']
  #batch = { number: 0, size: 0 }
  #count = 0
  /** As it was when so many attempts were measured. */
  #spread = { at: 0, is: 0 }

  /** @param before the queue before the first of the events */
  constructor({ keepers, policy }: Pick<Ledger, 'keepers' | 'policy'> = emptyLedger) {
    this.#keepers = keepers
    this.#policy = policy
  }

  /** @param from the queue as it was or is: of a job that is live there it tells the kind, and since when it runs */
  push(event: RecordedEvent, from: Ledger): void {
    this.crews.push(event)
    if (event.type === 'policy_changed') this.#policy = event.policy
    else if (event.type === 'worker_serves')
      this.#keepers = withKeeper(this.#keepers, event.workerId, event.keeps)
    else if (event.type === 'worker_gone')
      this.#keepers = withKeeper(this.#keepers, event.workerId, undefined)
    else if (event.type === 'queued') keep(this.#kinds, event.jobId, event.spec.kind, MOST_OPEN)
    else if (event.type === 'started') this.#begin(event, from)
    else if (endsAttempt(event)) this.#end(event, from)
  }

  /** How many attempts it has measured. */
  get count(): number {
    return this.#count
  }

  /** Whether an attempt of this kind was measured. */
  hasKind(kind: string): boolean {
    return this.#times.has(kindKey(kind))
  }

  /** How long a running attempt had to load first, as far as its start was seen. */
  loadingOf(jobId: string): Micros {
    return this.#begun.get(jobId)?.loading ?? 0
  }

  /** Times that tell how long such a job takes, the most telling first. */
  of({ kind, models }: Pick<JobSpec, 'kind' | 'models'>): readonly Times[] {
    const rarest = this.#byRuns(models)[0]
    const keys = [
      setKey(kind, models),
      setKey('', models),
      ...(rarest === undefined ? [] : [modelKey(rarest)]),
    ]
    const times = [...keys, kindKey(kind), ALL].map((key) => this.#times.get(key))
    return times.filter((each) => each !== undefined)
  }

  /** What goes faster or slower together: the jobs of the model of these that ran most often; without models, those of the kind. */
  groupOf({ kind, models }: Pick<JobSpec, 'kind' | 'models'>): string {
    return this.#byRuns(models).at(-1) ?? kindKey(kind)
  }

  /** Whether an attempt with this very set of models was measured. */
  knows({ models }: Pick<JobSpec, 'models'>): boolean {
    return this.#times.has(setKey('', models))
  }

  /**
   * By how much a set of models differs that was never measured from those that have its rarest model in common (a power of e): the standard
   * error with which the mean time of one more set is told from those of the others. 0: no two sets have one in common.
   */
  get spread(): number {
    if (this.#spread.at === this.#count) return this.#spread.is
    const alike = new Map<string, number[]>()
    for (const [key, times] of this.#times) {
      if (!key.startsWith(SETS) || times.length < ENOUGH) continue
      const [rarest] = this.#byRuns(key.slice(SETS.length).split('\n'))
      if (rarest !== undefined) alike.set(rarest, [...(alike.get(rarest) ?? []), Math.log(meanOf(times))])
    }
    const squares = [...alike.values()].filter(({ length }) => length > 1).flatMap(errorsOf)
    const is = squares.length === 0 ? 0 : Math.sqrt(meanOf(squares))
    this.#spread = { at: this.#count, is }
    return is
  }

  /** Of which kinds several jobs ran at once for one handler, and how many at most. */
  get batches(): readonly BatchSize[] {
    return [...this.#sizes].map(([kind, size]) => ({ kind, size }))
  }

  #byRuns(models: readonly string[]): readonly string[] {
    const runs = (model: string) => this.#times.get(modelKey(model))?.length ?? 0
    return models.filter((model) => runs(model) > 0).sort((a, b) => runs(a) - runs(b))
  }

  #begin(event: RecordedEvent & { readonly type: 'started' }, from: Ledger): void {
    const { jobId, at, models, batch } = event
    const kind = this.#kinds.get(jobId) ?? jobOf(from, jobId)?.spec.kind
    const loading = loadTimeOf(this.#keepers, this.#policy, event)
    this.#keepers = withStart(this.#keepers, this.#policy, event)
    keep(this.#begun, jobId, { at, kind, models, loading }, MOST_OPEN)
    if (batch === undefined || kind === undefined) return
    this.#batch = { number: batch, size: this.#batch.number === batch ? this.#batch.size + 1 : 1 }
    if (this.#batch.size > (this.#sizes.get(kind) ?? 1)) keep(this.#sizes, kind, this.#batch.size, MOST_KEYS)
  }

  #end({ type, jobId, at }: AttemptEndEvent, from: Ledger): void {
    const begun = this.#begun.get(jobId) ?? begunIn(from, jobId)
    this.#begun.delete(jobId)
    if (begun === undefined || type !== 'completed') return
    const { kind, models, loading } = begun
    const time = Math.max(0, at - begun.at - loading)
    const known = kind === undefined ? [] : [setKey(kind, models), kindKey(kind)]
    for (const key of [...known, setKey('', models), ...models.map(modelKey), ALL]) this.#note(key, time)
    this.#count++
  }

  #note(key: string, time: Micros): void {
    const times = this.#times.get(key) ?? []
    times.push(time)
    if (times.length > MOST_TIMES) times.shift()
    keep(this.#times, key, times, MOST_KEYS)
  }
}

/** Of a set with fewer measured times nobody can say by how much it differs. */
const ENOUGH = 3

const meanOf = (times: Times): number => times.reduce((sum, each) => sum + each, 0) / times.length

/** The squares of the errors with which one more is told from these: they vary, and so does their mean. */
function errorsOf(those: readonly number[]): readonly number[] {
  const { length } = those
  const mean = meanOf(those)
  return those.map((one) => ((one - mean) ** 2 * (length + 1)) / (length - 1))
}

const ALL = '*'
/** What the keys of sets of any kind begin with. */
const SETS = 'set\n\n'
const kindKey = (kind: string): string => `kind\n${kind}`
const modelKey = (model: string): string => `model\n${model}`
/** @param kind '' if it is not known */
const setKey = (kind: string, models: readonly string[]): string =>
  ['set', kind, ...[...models].sort()].join('\n')

/** An attempt that ran when the events began. */
function begunIn(ledger: Ledger, jobId: string): Begun | undefined {
  const job = jobOf(ledger, jobId)
  return job?.active
    ? { at: job.startedAt, kind: job.spec.kind, models: job.spec.models, loading: 0 }
    : undefined
}
