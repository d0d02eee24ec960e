import type { Ledger, Micros, Policy, RecordedEvent } from '../../engine/core/index.ts'
import { capacityOf, firstPolicy, limitsOf, placesOf } from './limits.ts'
import { ownOf } from './needs.ts'

/** A stretch of time in which more jobs held a model than it has places. */
export interface Overlap {
  readonly model: string
  readonly places: number
  readonly fromSeq: number
  readonly from: Micros
  /** Null: it lasts to the end of the log. */
  readonly toSeq: number | null
  readonly to: Micros
  /** The jobs that held the model then, in the order in which they started. */
  readonly holders: readonly Holder[]
}

export interface Holder {
  readonly jobId: string
  readonly token: number
}

/** What one model was used for, over the whole log. */
export interface ModelUse {
  /** Which model. */
  readonly model: string
  /** How many attempts had it. */
  readonly attempts: number
  /** How long at least one job held it, in milliseconds. */
  readonly busyMs: number
  /** The most jobs (or batches) that held it at once. */
  readonly most: number
  /** The places that it had at the end. */
  readonly places: number
  /** As `overlaps` of the whole. */
  readonly overlaps: readonly Overlap[]
}

interface ModelHolders {
  readonly holders: Map<number, Holder>
  /** Those that hold it each for itself, or (batches, by their numbers) together: how many there are of each. */
  readonly apart: Map<number, number>
  /** Those that have all of it, by their tokens. */
  readonly whole: Set<number>
  attempts: number
  busy: Micros
  busySince: Micros
  most: number
  open: (Omit<Overlap, 'to' | 'toSeq' | 'holders'> & { readonly holders: Map<number, Holder> }) | undefined
  readonly overlaps: Overlap[]
}

/** What a running attempt holds. */
interface Held extends Pick<RecordedEvent & { readonly type: 'started' }, 'models' | 'places'> {
  readonly by: number
}

type EndingEvent = RecordedEvent & { readonly type: 'completed' | 'failed' | 'cancelled' | 'lease_expired' }

const ends: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'lease_expired'])
const isEnd = (event: RecordedEvent): event is EndingEvent => ends.has(event.type)

/**
 * A sweep over the starts and ends of attempts that knows only who held which model from when to when. Lowering a capacity
 * takes no lease away, so an overlap can begin only with a start.
 */
export class ModelUses {
  readonly #models = new Map<string, ModelHolders>()
  /** By token. */
  readonly #held = new Map<number, Held>()
  /** The models of which a job takes all, by its id. */
  readonly #whole = new Map<string, readonly string[]>()
  #policy = firstPolicy
  #at: Micros = 0

  /** The log begins here. Models held by then are counted from then on. */
  beginAt({ active, jobs, policy, lastAt }: Ledger): void {
    this.#at = lastAt
    this.#policy = policy
    for (const { jobId, spec } of jobs) if (spec.whole !== undefined) this.#whole.set(jobId, spec.whole)
    for (const place of active) {
      const job = jobs.get(place)
      if (job === undefined) continue
      const { token: seq, jobId, spec, places, batch, gaveBack } = job
      const models = spec.models.filter((name) => gaveBack?.some(({ model }) => model === name) !== true)
      this.#start({ seq, jobId, models, places: places ?? {}, at: lastAt, batch: batch ?? seq })
    }
  }

  push(event: RecordedEvent): void {
    this.#at = event.at
    if (event.type === 'queued') this.#come(event)
    else if (event.type === 'started') this.#start(event)
    else if (event.type === 'policy_changed') this.#allow(event.policy, event)
    else if (event.type === 'model_released') this.#giveBack(event.token, [event.model], event)
    else if (isEnd(event) && event.token !== null) this.#giveBack(event.token, undefined, event)
  }

  /** Most used first. */
  report(): readonly ModelUse[] {
    return [...this.#models]
      .map(([model, use]) => ({
        model,
        attempts: use.attempts,
        busyMs: (use.busy + (use.holders.size > 0 ? this.#at - use.busySince : 0)) / 1_000,
        most: use.most,
        places: capacityOf(this.#policy, model),
        overlaps: use.open === undefined ? use.overlaps : [...use.overlaps, this.#closed(use.open, null)],
      }))
      .toSorted((a, b) => b.busyMs - a.busyMs || (a.model < b.model ? -1 : 1))
  }

  #come({ jobId, spec: { whole } }: RecordedEvent & { readonly type: 'queued' }): void {
    if (whole !== undefined) this.#whole.set(jobId, whole)
    else this.#whole.delete(jobId)
  }

  #start({
    seq,
    at,
    jobId,
    models,
    places: sites = {},
    batch: by = seq,
  }: Pick<
    RecordedEvent & { type: 'started' },
    'seq' | 'at' | 'jobId' | 'models' | 'places' | 'batch'
  >): void {
    this.#held.set(seq, { models, places: sites, by })
    for (const name of models) {
      const model = this.#model(name)
      if (model.holders.size === 0) model.busySince = at
      model.holders.set(seq, { jobId, token: seq })
      if (this.#whole.get(jobId)?.includes(name) === true) model.whole.add(seq)
      model.apart.set(by, (model.apart.get(by) ?? 0) + 1)
      model.attempts++
      model.most = Math.max(model.most, model.apart.size)
      const places = capacityOf(this.#policy, name)
      if (model.open !== undefined) model.open.holders.set(seq, { jobId, token: seq })
      else if (this.#isOver(name, model)) {
        model.open = { model: name, places, fromSeq: seq, from: at, holders: new Map(model.holders) }
      }
    }
  }

  /** @param some of its models; undefined: all that it has */
  #giveBack(token: number, some: readonly string[] | undefined, event: RecordedEvent): void {
    const { models = [], by = token, ...where } = this.#held.get(token) ?? {}
    const given = some === undefined ? models : models.filter((name) => some.includes(name))
    for (const name of given) {
      const model = this.#model(name)
      model.holders.delete(token)
      model.whole.delete(token)
      const left = (model.apart.get(by) ?? 1) - 1
      if (left === 0) model.apart.delete(by)
      else model.apart.set(by, left)
      if (model.holders.size === 0) model.busy += event.at - model.busySince
      this.#closeIfRight(name, model, event)
    }
    if (some === undefined) this.#held.delete(token)
    else this.#held.set(token, { ...where, models: models.filter((name) => !given.includes(name)), by })
  }

  #allow(policy: Policy, event: RecordedEvent): void {
    this.#policy = policy
    for (const [name, model] of this.#models) this.#closeIfRight(name, model, event)
  }

  #closeIfRight(name: string, model: ModelHolders, { seq, at }: RecordedEvent): void {
    if (model.open === undefined || this.#isOver(name, model)) return
    model.overlaps.push(this.#closed(model.open, { seq, at }))
    model.open = undefined
  }

  #closed(open: NonNullable<ModelHolders['open']>, end: { seq: number; at: Micros } | null): Overlap {
    return { ...open, toSeq: end?.seq ?? null, to: end?.at ?? this.#at, holders: [...open.holders.values()] }
  }

  /** More have it than may: more than one, where that one has all of it. A place that had units when they came may have several, and counts once. */
  #isOver(name: string, { apart, holders, whole }: ModelHolders): boolean {
    const [limit] = limitsOf.model(this.#policy, name)
    const most = whole.size > 0 ? 1 : (limit?.most ?? Number.POSITIVE_INFINITY)
    if (apart.size <= most || placesOf(this.#policy, name) === undefined) return apart.size > most
    const where = [...holders.keys()].map((token) => {
      const { places = null, by = token } = this.#held.get(token) ?? {}
      return ownOf(places, name) ?? by
    })
    return new Set(where).size > most
  }

  #model(name: string): ModelHolders {
    const known = this.#models.get(name)
    if (known !== undefined) return known
    const made: ModelHolders = {
      holders: new Map(),
      apart: new Map(),
      whole: new Set(),
      attempts: 0,
      busy: 0,
      busySince: 0,
      most: 0,
      open: undefined,
      overlaps: [],
    }
    this.#models.set(name, made)
    return made
  }
}
