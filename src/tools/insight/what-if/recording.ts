import {
  emptyLedger,
  endsAttempt,
  isDeath,
  type JobSpec,
  type Ledger,
  type Loading,
  type Micros,
  type RecordedEvent,
  type Uses,
} from '../../../engine/core/index.ts'
import { Loads } from '../stats/loads.ts'

/** How an attempt ended, and what followed. */
export type RunEnd =
  | { readonly type: 'completed' }
  /** Another attempt followed after this time. `costs`: it counted against the job's attempts. */
  | {
      readonly type: 'again'
      readonly after: Micros
      readonly costs: boolean
      /** The models of the next attempt; absent: the same ones. */
      readonly models?: readonly string[]
    }
  | { readonly type: 'failed' }

/** One attempt: when it could have started, when it did, and when it ended. */
export interface Run {
  readonly models: readonly string[]
  /** The batch in which it ran; absent: in none. */
  readonly batch?: number | undefined
  readonly readyAt: Micros
  readonly from: Micros
  /** What it had to load; absent: its process does not say what it keeps. */
  readonly loading?: Loading | undefined
  /** It passed others because its models were loaded. */
  readonly passes?: boolean
  /** The models that it gave back before its end, and how long after its start; absent: none. */
  gaveBack?: readonly { readonly model: string; readonly after: Micros }[]
  /** What it said at its end that it had used of resources; absent: nothing. */
  used?: Uses | undefined
  to: Micros
  ending: RunEnd
}

/** One life of a job, from when it was queued to when it left. */
export interface Life {
  readonly spec: JobSpec
  readonly arrivedAt: Micros
  readonly runs: Run[]
  /** How long it had waited when the period began; null: it was already running. */
  readonly waitedBefore: Micros | null
  /** It was cancelled while it waited, this long after it came. */
  cancelledAfter: Micros | null
  ended: boolean
}

interface Open {
  readonly life: Life
  /** The models of the next attempt: each step of a workflow may need other ones. */
  models: readonly string[]
  readyAt: Micros
  run: Run | undefined
}

/** Reads from a log, real or simulated, when jobs came, how long each attempt ran, and how each job ended. */
export class Recording {
  readonly lives: Life[] = []
  readonly #open = new Map<string, Open>()
  #loads = new Loads(emptyLedger)

  /**
   * The jobs that were live when the period began: they count as coming then, first those that ran, then the others in line
   * order.
   */
  begin(ledger: Ledger, from: Micros): void {
    this.#loads = new Loads(ledger)
    for (const places of [ledger.active, ledger.unbound, ledger.line, ledger.undue]) {
      for (const place of places) {
        const job = ledger.jobs.get(place)
        if (job === undefined || this.#open.has(job.jobId)) continue
        const spec = { ...job.spec, priority: job.priority, runAt: job.dueAt }
        const waited = job.dueAt === null ? Math.max(0, from - job.waitingSince) : 0
        const open = this.#come(job.jobId, spec, from, { waitedBefore: job.active ? null : waited })
        if (job.active) this.#start(open, { at: from, batch: job.batch ?? undefined })
      }
    }
  }

  push(event: RecordedEvent): void {
    const loading = this.#loads.push(event)
    if (event.type === 'queued') {
      this.#come(event.jobId, event.spec, event.at)
      return
    }
    const open = 'jobId' in event ? this.#open.get(event.jobId) : undefined
    if (open !== undefined) this.#follow(open, event, loading)
  }

  /** What the attempt of this job had to load. */
  loadingOf(jobId: string): Loading | undefined {
    return this.#open.get(jobId)?.run?.loading
  }

  #come(
    jobId: string,
    spec: JobSpec,
    at: Micros,
    before: Pick<Life, 'waitedBefore'> = { waitedBefore: 0 },
  ): Open {
    const life: Life = { spec, arrivedAt: at, runs: [], ...before, cancelledAfter: null, ended: false }
    const open = { life, models: spec.models, readyAt: Math.max(at, spec.runAt ?? 0), run: undefined }
    this.lives.push(life)
    this.#open.set(jobId, open)
    return open
  }

  #follow(open: Open, event: RecordedEvent, loading: Loading | undefined): void {
    if (open.run !== undefined && 'used' in event) open.run.used = event.used
    switch (event.type) {
      case 'due':
      case 'released':
        open.readyAt = event.at
        return
      case 'started':
        return this.#start(open, {
          at: event.at,
          batch: event.batch,
          loading,
          passes: event.warm !== undefined,
        })
      case 'requeued':
        return this.#again(open, event)
      case 'model_released':
        return noteGivenBack(open, event)
      case 'cancelled':
        if (event.token === null && open.run === undefined)
          open.life.cancelledAfter = event.at - open.life.arrivedAt
        return this.#end(open, event.jobId, event.at, { type: 'completed' })
      default:
        if (isDeath(event)) return this.#end(open, event.jobId, event.at, { type: 'failed' })
        if (event.type === 'completed') return this.#end(open, event.jobId, event.at, { type: 'completed' })
        if (endsAttempt(event) && open.run !== undefined) open.run.to = event.at
    }
  }

  #start(
    open: Open,
    { at, ...how }: Pick<Run, 'batch' | 'loading' | 'passes'> & { readonly at: Micros },
  ): void {
    const readyAt = Math.min(open.readyAt, at)
    open.run = { models: open.models, ...how, readyAt, from: at, to: at, ending: { type: 'completed' } }
  }

  #again(open: Open, { at, runAt, reason, models }: RecordedEvent & { readonly type: 'requeued' }): void {
    // From the end of the attempt on: this event comes a moment later.
    const ended = open.run?.to ?? at
    const after = Math.max(0, (runAt ?? ended) - ended)
    const costs = reason === 'retry' || reason === 'lease_expired'
    this.#close(open, { type: 'again', after, costs, ...(models === undefined ? undefined : { models }) })
    open.models = models ?? open.models
    open.readyAt = Math.max(at, runAt ?? at)
  }

  #end(open: Open, jobId: string, at: Micros, ending: RunEnd): void {
    if (open.run !== undefined) open.run.to = at
    this.#close(open, ending)
    open.life.ended = true
    this.#open.delete(jobId)
  }

  #close(open: Open, ending: RunEnd): void {
    if (open.run === undefined) return
    open.run.ending = ending
    open.life.runs.push(open.run)
    open.run = undefined
  }
}

function noteGivenBack(
  { run }: Open,
  { model, at }: RecordedEvent & { readonly type: 'model_released' },
): void {
  if (run !== undefined) run.gaveBack = [...(run.gaveBack ?? []), { model, after: at - run.from }]
}
