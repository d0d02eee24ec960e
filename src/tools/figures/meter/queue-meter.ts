import {
  emptyLedger,
  endsAttempt,
  isDeath,
  isInLine,
  type Job,
  type JobOutcome,
  jobOf,
  type Ledger,
  type Micros,
  outcomeOf,
  outcomes,
  type QueueChange,
  type RecordedEvent,
  type RequeueReason,
  requeueReasons,
} from '../../../engine/core/index.ts'
import { type Wait, type WaitCause, waitCauses } from '../../insight/index.ts'
import { type Moment, momentsOf } from '../../insight/stats/moments.ts'
import { UseSums } from '../../insight/stats/use-sums.ts'
import { WaitClocks } from '../../insight/stats/wait-clocks.ts'
import { Histogram, type Recorders } from './histogram.ts'
import { ModelNames } from './model-names.ts'
import { type QueueReading, readingOf } from './reading.ts'

export interface MeterOptions {
  /** Models that have a label of their own in any case. */
  readonly models: readonly string[]
  readonly maxModels: number
  /** In seconds, rising. */
  readonly waitBounds: readonly number[]
  readonly runBounds: readonly number[]
}

const zeros = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>

/** What is counted from the log, from an event on. */
const noCounts = () => ({
  queued: 0,
  starts: 0,
  overtakes: 0,
  leasesExpired: 0,
  died: 0,
  ends: zeros<JobOutcome>(outcomes),
  requeues: zeros<RequeueReason>(requeueReasons),
})

/** Keeps the figures of one queue, event by event, so that reading them costs the same whatever the length of the line. */
export class QueueMeter {
  readonly names: ModelNames
  readonly counts = noCounts()
  readonly waits: Histogram
  readonly runs: Histogram
  readonly use = new UseSums()
  /** The event that it does not count any more: it counts those after it. Since when it does, in milliseconds. */
  begunAfter = 0
  begunAt = Date.now()
  #ledger: Ledger = emptyLedger
  #hasBegun = false
  #clocks = new WaitClocks()
  #standing = new OpenWaits()
  /** Waiting that was counted before events were passed over. */
  readonly #waitedBefore = new Map<WaitCause, Micros>()
  readonly #running = new Map<string, { readonly at: Micros; readonly workerId: string | null }>()
  /** When the present clocks began. */
  #from: Micros = 0

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
    this.counts.overtakes += overtakes
    for (const moment of momentsOf(this.#ledger, change)) this.#take(moment)
    this.#ledger = ledger
  }

  /** @param now the time of the queue */
  read(now: Micros): QueueReading {
    return readingOf(this, now)
  }

  /** How long jobs have waited for what, until now. */
  waited(now: Micros): ReadonlyMap<WaitCause, Micros> {
    this.#clocks.spend(now)
    const sums = this.#clocks.byCause
    return new Map(
      waitCauses.map((cause) => [cause, (sums.get(cause) ?? 0) + (this.#waitedBefore.get(cause) ?? 0)]),
    )
  }

  waiting(now: Micros): ReturnType<WaitClocks['counts']> {
    return this.#clocks.counts(now)
  }

  /** How many attempts one process runs. */
  runningIn(workerId: string): number {
    let count = 0
    for (const attempt of this.#running.values()) if (attempt.workerId === workerId) count++
    return count
  }

  /** Where it begins, or goes on after events that nobody can read: what was counted before stays. */
  begin(ledger: Ledger): void {
    if (!this.#hasBegun) this.begunAfter = ledger.version
    this.#hasBegun = true
    for (const [cause, micros] of this.#clocks.byCause)
      this.#waitedBefore.set(cause, (this.#waitedBefore.get(cause) ?? 0) + micros)
    this.#ledger = ledger
    this.#from = ledger.lastAt
    this.#clocks = new WaitClocks({ onWait: (wait) => this.#onWait(wait) })
    this.#clocks.begin(ledger, ledger.lastAt)
    this.use.begin(ledger)
    this.#standing = new OpenWaits()
    this.#running.clear()
    this.names.begin(ledger)
    const waiting = [...ledger.jobs].filter((job) => !job.active)
    for (const job of waiting.sort((a, b) => readyAt(a) - readyAt(b)))
      this.#standing.look(job.jobId, job, readyAt(job))
    for (const job of ledger.jobs)
      if (job.active) this.#running.set(job.jobId, { at: job.startedAt, workerId: job.workerId })
  }

  #take({ events, ledger, touched }: Moment): void {
    const { at } = events.at(-1) as RecordedEvent
    for (const event of events) {
      this.#clocks.note(event)
      this.use.note(event)
      this.#note(event)
    }
    this.#clocks.look(ledger, touched, at)
    for (const jobId of touched) this.#standing.look(jobId, jobOf(ledger, jobId), at)
    this.#ledger = ledger
  }

  #note(event: RecordedEvent): void {
    const { counts } = this
    if (endsAttempt(event)) this.#end(event.jobId, event.at)
    switch (event.type) {
      case 'queued':
        counts.queued++
        return this.names.add(event.spec.models)
      case 'requeued':
        counts.requeues[event.reason]++
        return
      case 'started':
        counts.starts++
        this.#running.set(event.jobId, { at: event.at, workerId: event.workerId })
        return
      case 'policy_changed':
        return this.names.declare(event.policy)
      default:
        this.#countEnd(event)
    }
  }

  #countEnd(event: RecordedEvent): void {
    const outcome = outcomeOf(event)
    if (event.type === 'lease_expired') this.counts.leasesExpired++
    if (outcome !== null) this.counts.ends[outcome]++
    if (isDeath(event)) this.counts.died++
  }

  #end(jobId: string, at: Micros): void {
    const attempt = this.#running.get(jobId)
    if (attempt === undefined) return
    this.runs.observe(at - attempt.at)
    this.#running.delete(jobId)
  }

  /** From when it could start as far as time is concerned. Of a job that waited before this began, the ledger knows more. */
  #onWait({ jobId, from, to, ended, byCause }: Wait): void {
    if (ended !== 'started') return
    const before = from === this.#from ? jobOf(this.#ledger, jobId) : undefined
    const ready =
      before === undefined
        ? from + (byCause.not_due ?? 0) + (byCause.parents ?? 0)
        : Math.min(to, readyAt(before))
    this.waits.observe(to - ready)
  }
}

/** Since when a waiting job could start as far as time is concerned; of one that was tried again, since it is back. */
const readyAt = ({ waitingSince, spec }: Ledger['jobs'] extends Iterable<infer Job> ? Job : never): Micros =>
  Math.max(waitingSince, spec.runAt ?? 0)

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
