import {
  emptyLedger,
  isInLine,
  type Job,
  jobOf,
  type Ledger,
  type Micros,
  type QueueChange,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { EventMeter } from '../../insight/stats/meter.ts'
import { type Moment, momentsOf } from '../../insight/stats/moments.ts'
import { readyAt } from '../../insight/stats/ready.ts'
import { Histogram, type Recorders } from './histogram.ts'
import { ModelNames } from './model-names.ts'

export interface MeterOptions {
  /** Models that have a label of their own in any case. */
  readonly models: readonly string[]
  readonly maxModels: number
  /** In seconds, rising. */
  readonly waitBounds: readonly number[]
  readonly runBounds: readonly number[]
}

/** Keeps the figures of one queue, event by event, so that reading them costs the same whatever the length of the line. */
export class QueueMeter {
  readonly names: ModelNames
  readonly waits: Histogram
  readonly runs: Histogram
  readonly measured = new EventMeter({
    onStart: (_, wait) => this.waits.observe(wait),
    onEnd: (_, run) => this.runs.observe(run),
  })
  overtakes = 0
  /** The event that it does not count any more: it counts those after it. Since when it does, in milliseconds. */
  begunAfter = 0
  begunAt = Date.now()
  #ledger: Ledger = emptyLedger
  #hasBegun = false
  #standing = new OpenWaits()

  constructor({ models, maxModels, waitBounds, runBounds }: MeterOptions, record?: Recorders) {
    this.names = new ModelNames(models, maxModels)
    this.waits = new Histogram(waitBounds, record?.waits)
    this.runs = new Histogram(runBounds, record?.runs)
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  get standing(): OpenWaits {
    return this.#standing
  }

  /** The next events. */
  see(change: QueueChange): void {
    const { events, ledger, overtakes } = change
    if (events.length === 0) return this.begin(ledger)
    this.overtakes += overtakes
    for (const moment of momentsOf(this.#ledger, change)) this.#take(moment)
    this.#ledger = ledger
  }

  /** Where it begins, or goes on after events that nobody can read: what was counted before stays. */
  begin(ledger: Ledger): void {
    if (!this.#hasBegun) this.begunAfter = ledger.version
    this.#hasBegun = true
    this.#ledger = ledger
    this.measured.begin(ledger, ledger.lastAt)
    this.#standing = new OpenWaits()
    this.names.begin(ledger)
    const waiting = [...ledger.jobs].filter((job) => !job.active)
    for (const job of waiting.sort((a, b) => readyAt(a) - readyAt(b)))
      this.#standing.look(job.jobId, job, readyAt(job))
  }

  #take({ events, ledger, touched }: Moment): void {
    const { at } = events.at(-1) as RecordedEvent
    for (const event of events) {
      this.measured.note(event)
      if (event.type === 'queued') this.names.add(event.spec.models)
      else if (event.type === 'policy_changed') this.names.declare(event.policy)
    }
    this.measured.clocks.look(ledger, touched, at)
    for (const jobId of touched) this.#standing.look(jobId, jobOf(ledger, jobId), at)
    this.#ledger = ledger
  }
}

/**
 * Who stands in line since when, and how many positions in lines that makes. A job that is not due stands in none; one that is held by a
 * pause only waits for that model.
 */
class OpenWaits {
  /** In the order in which they came into line, as a `Map` keeps it. */
  readonly #inLine = new Map<string, { readonly since: Micros; readonly models: number }>()
  readonly #held = new Set<string>()
  #places = 0

  /** How many jobs wait for how many models: the sum over all lines, and over the jobs that pauses hold. */
  get places(): number {
    return this.#places + this.#held.size
  }

  get inLine(): number {
    return this.#inLine.size
  }

  /** Since when the job has stood in line that came first; null: none does. */
  get oldest(): Micros | null {
    const [first] = this.#inLine.values()
    return first?.since ?? null
  }

  /** @param job undefined: it is not live any more */
  look(jobId: string, job: Job | undefined, at: Micros): void {
    const stands = job !== undefined && isInLine(job)
    const known = this.#inLine.get(jobId)
    const models = job?.spec.models.length ?? 0
    if (known !== undefined && (!stands || known.models !== models)) {
      this.#inLine.delete(jobId)
      this.#places -= known.models
    }
    if (stands && !this.#inLine.has(jobId)) {
      this.#inLine.set(jobId, { since: known?.since ?? at, models })
      this.#places += models
    }
    if (job?.active === false && job.held !== null) this.#held.add(jobId)
    else this.#held.delete(jobId)
  }
}
