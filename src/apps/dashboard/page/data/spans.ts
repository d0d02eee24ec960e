import {
  endsAttempt,
  heldModels,
  type Ledger,
  type Micros,
  outcomeOf,
  type RecordedEvent,
} from '../../../../engine/core/index.ts'
import { isReady } from '../../../../tools/insight/stats/ready.ts'

/** A job that held a model. */
export interface Span {
  readonly jobId: string
  readonly seq: number
  readonly from: Micros
  /** Null: the job still holds the model. */
  to: Micros | null
  /** The index of the place of the model that it holds, so that two spans at once are drawn beside each other. */
  readonly track: number
}

/** The history of one model. */
export interface ModelTime {
  readonly model: string
  /** In the order in which they started. */
  readonly spans: Span[]
  /** How many jobs waited for the model from each of these times on. */
  readonly line: { readonly at: Micros; readonly waiting: number }[]
  tracks: number
  waiting: number
  most: number
}

interface KnownSpans {
  models: readonly string[]
  active: boolean
  waiting: boolean
}

/** Who held which model when, and how long its line was: computed from the events once, in order. */
export class Spans {
  readonly models = new Map<string, ModelTime>()
  #version: number
  readonly #jobs = new Map<string, KnownSpans>()
  readonly #open = new Map<string, Span[]>()

  /** @param from the queue before the first of the events */
  constructor(from: Ledger) {
    this.#version = from.version
    for (const job of from.jobs) {
      const known = { models: heldModels(job), active: false, waiting: false }
      this.#jobs.set(job.jobId, known)
      if (job.active) this.#start(job.jobId, known, job.token, job.startedAt)
      else if (job.dueAt === null) this.#wait(known, from.lastAt, true)
    }
  }

  get version(): number {
    return this.#version
  }

  push(event: RecordedEvent): void {
    this.#version = event.seq
    if (event.type === 'queued') {
      const known = { models: event.spec.models, active: false, waiting: false }
      this.#jobs.set(event.jobId, known)
      if (isReady(event)) this.#wait(known, event.at, true)
      return
    }
    const known = 'jobId' in event ? this.#jobs.get(event.jobId) : undefined
    if (known !== undefined && 'jobId' in event) this.#follow(event.jobId, known, event)
  }

  #follow(jobId: string, known: KnownSpans, event: RecordedEvent): void {
    const { at } = event
    if (event.type === 'started') {
      this.#wait(known, at, false)
      known.models = event.models
      return this.#start(jobId, known, event.seq, at)
    }
    if (event.type === 'model_released') {
      const span = this.#open.get(jobId)?.[known.models.indexOf(event.model)]
      if (span !== undefined) span.to = at
      return
    }
    if (event.type === 'requeued') known.models = event.models ?? known.models
    if (isReady(event)) return this.#wait(known, at, true)
    if (endsAttempt(event)) this.#end(jobId, known, at)
    if (outcomeOf(event) === null) return
    this.#end(jobId, known, at)
    this.#wait(known, at, false)
    this.#jobs.delete(jobId)
  }

  #start(jobId: string, known: KnownSpans, seq: number, at: Micros): void {
    known.active = true
    const open: Span[] = []
    for (const name of known.models) {
      const model = this.#model(name)
      const track = this.#freeTrack(model)
      const span = { jobId, seq, from: at, to: null, track }
      model.tracks = Math.max(model.tracks, track + 1)
      model.spans.push(span)
      open.push(span)
    }
    this.#open.set(jobId, open)
  }

  #end(jobId: string, known: KnownSpans, at: Micros): void {
    known.active = false
    for (const span of this.#open.get(jobId) ?? []) span.to ??= at
    this.#open.delete(jobId)
  }

  #wait(known: KnownSpans, at: Micros, waits: boolean): void {
    if (known.waiting === waits) return
    known.waiting = waits
    for (const name of known.models) {
      const model = this.#model(name)
      model.waiting += waits ? 1 : -1
      model.most = Math.max(model.most, model.waiting)
      model.line.push({ at, waiting: model.waiting })
    }
  }

  /** The spans that have not ended are among the last that began. */
  #freeTrack({ spans, tracks }: ModelTime): number {
    const taken = new Set<number>()
    for (let i = spans.length - 1, held = 0; i >= 0 && held < tracks && spans.length - i < 200; i--) {
      const span = spans[i]
      if (span?.to !== null) continue
      taken.add(span.track)
      held++
    }
    let track = 0
    while (taken.has(track)) track++
    return track
  }

  #model(name: string): ModelTime {
    const known = this.models.get(name)
    if (known !== undefined) return known
    const made = { model: name, spans: [], line: [], tracks: 1, waiting: 0, most: 0 }
    this.models.set(name, made)
    return made
  }
}

/** Valid while it is the same log and begins at the same number. */
let last: { readonly key: string; readonly spans: Spans } | null = null

export interface Loaded {
  readonly queue: string
  readonly base: number
  readonly version: number
  event(seq: number): RecordedEvent | undefined
  at(seq: number): Ledger | undefined
}

/** The spans of all loaded events. Each call looks only at events that are new. */
export function spansOf(loaded: Loaded, generation: number): Spans {
  const key = `${loaded.queue}/${generation}/${loaded.base}`
  const begin = last?.key === key ? undefined : loaded.at(loaded.base)
  if (begin !== undefined) last = { key, spans: new Spans(begin) }
  const spans = last?.spans
  if (spans === undefined) throw new Error('the beginning of the log is not loaded')
  for (let seq = spans.version + 1; seq <= loaded.version; seq++) {
    const event = loaded.event(seq)
    if (event !== undefined) spans.push(event)
  }
  return spans
}
