import {
  endsAttempt,
  fold,
  type JobOutcome,
  type Ledger,
  type Micros,
  outcomeOf,
  type RecordedEvent,
  waitingCount,
} from '../../../engine/core/index.ts'
import { Level, type Slices, sliceOf } from './levels.ts'
import { Loads } from './loads.ts'
import { ModelLevels } from './model-levels.ts'
import { TOGETHER } from './moments.ts'
import { ShareSums } from './share-sums.ts'
import { UseSums } from './use-sums.ts'
import { WaitClocks } from './wait-clocks.ts'

/** Events of a moment are folded together, up to so many: ten times as fast under load, and still finer than anybody looks. */
const MOST_TOGETHER = 500

/** Goes over a part of the log once, in order, and measures. */
export class Collector {
  readonly slices: Slices
  readonly waiting: Level
  readonly active: Level
  readonly models: ModelLevels
  readonly loads: Loads
  readonly blocked = new WaitClocks({ isDetailed: true })
  readonly use = new UseSums()
  readonly shares: ShareSums
  readonly ends: { readonly completed: number[]; readonly failed: number[] }
  readonly counts = { queued: 0, started: 0, completed: 0, failed: 0, cancelled: 0, expired: 0, requeued: 0 }
  /** In microseconds: from when a job could start to its start, and from the start to the end of the attempt. */
  readonly waits: number[] = []
  readonly runs: number[] = []
  #ledger: Ledger
  #together: RecordedEvent[] = []
  /** Since when each waiting job could start as far as time is concerned, and since when each active one runs. */
  readonly #ready = new Map<string, Micros>()
  readonly #started = new Map<string, Micros>()

  /** @param ledger the queue when the period begins */
  constructor(slices: Slices, ledger: Ledger) {
    this.slices = slices
    this.#ledger = ledger
    this.waiting = new Level(slices, waitingCount(ledger))
    this.active = new Level(slices, ledger.active.size)
    this.models = new ModelLevels(slices, ledger)
    this.loads = new Loads(ledger)
    this.shares = new ShareSums(ledger, slices.from)
    const none = () => new Array<number>(slices.count).fill(0)
    this.ends = { completed: none(), failed: none() }
    this.blocked.begin(ledger, slices.from)
    this.use.begin(ledger)
    for (const job of ledger.jobs) {
      if (job.active) this.#started.set(job.jobId, job.startedAt)
      else if (job.dueAt === null) this.#ready.set(job.jobId, job.waitingSince)
    }
  }

  /** @throws InterlockError `corrupt_log` */
  push(event: RecordedEvent): void {
    const first = this.#together[0]
    const isFull = this.#together.length === MOST_TOGETHER
    if (first !== undefined && (isFull || event.at - first.at > TOGETHER)) this.#fold()
    this.#together.push(event)
    this.#note(event)
  }

  /** The queue when the period ends. */
  finish(): Ledger {
    this.#fold()
    this.blocked.finish(this.slices.to)
    this.shares.finish(this.slices.to)
    return this.#ledger
  }

  #fold(): void {
    const last = this.#together.at(-1)
    if (last === undefined) return
    const { ledger, touched } = fold(this.#ledger, this.#together)
    this.#together = []
    this.#ledger = ledger
    this.waiting.set(last.at, waitingCount(ledger))
    this.active.set(last.at, ledger.active.size)
    this.blocked.look(ledger, touched, last.at)
  }

  #note(event: RecordedEvent): void {
    this.blocked.note(event)
    this.loads.push(event)
    this.use.note(event)
    this.shares.note(event)
    switch (event.type) {
      case 'queued':
        this.counts.queued++
        if (event.spec.after !== undefined) return
        if (event.spec.runAt === null || event.spec.runAt <= event.at) this.#ready.set(event.jobId, event.at)
        return
      case 'released':
        if (event.runAt === null || event.runAt <= event.at) this.#ready.set(event.jobId, event.at)
        return
      case 'requeued':
        this.counts.requeued++
        if (event.runAt === null || event.runAt <= event.at) this.#ready.set(event.jobId, event.at)
        return
      case 'due':
        this.#ready.set(event.jobId, event.at)
        return
      case 'started':
        return this.#start(event)
      case 'model_released':
        return this.models.giveBack(event.jobId, event.model, event.at)
      default:
        if ('jobId' in event) this.#noteEnd(event, outcomeOf(event))
    }
  }

  #noteEnd(event: RecordedEvent & { readonly jobId: string }, outcome: JobOutcome | null): void {
    if (outcome === 'completed' || outcome === 'failed') this.#count(outcome, event.at)
    else if (outcome !== null) {
      this.counts[outcome]++
      this.#ready.delete(event.jobId)
    }
    if (outcome !== null || endsAttempt(event)) this.#end(event.jobId, event.at)
  }

  #count(outcome: 'completed' | 'failed', at: Micros): void {
    this.counts[outcome]++
    const slice = sliceOf(this.slices, at)
    this.ends[outcome][slice] = (this.ends[outcome][slice] ?? 0) + 1
  }

  #start({ jobId, at, models, batch }: RecordedEvent & { readonly type: 'started' }): void {
    this.counts.started++
    const wait = at - (this.#ready.get(jobId) ?? at)
    this.waits.push(wait)
    this.shares.waited(jobId, wait)
    this.#ready.delete(jobId)
    this.#started.set(jobId, at)
    this.models.start(jobId, models, at, batch)
  }

  #end(jobId: string, at: Micros): void {
    const began = this.#started.get(jobId)
    if (began === undefined) return
    this.runs.push(at - began)
    this.#started.delete(jobId)
    this.models.end(jobId, at)
  }
}
