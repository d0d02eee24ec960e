import {
  endsAttempt,
  isSameRule,
  jobOf,
  type Ledger,
  type Micros,
  outcomeOf,
  type ReasonCode,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { causeOf, type WaitCause } from './cause.ts'
import type { Cell } from './cell.ts'
import { Cells, grow } from './cells.ts'
import { FollowedWait, MOST_PARTS, TAKEN, type Wait } from './followed-wait.ts'
import { isReady, readyAt } from './ready.ts'

export interface WaitClockOptions {
  /** Told of each wait when it is over, and of the event that ended it; it has to be asked there and then. */
  readonly onWait?: (wait: FollowedWait, by: RecordedEvent | undefined) => void
  /** Whether to sum by model and by job too. Those sums have no end, so nobody wants them of a process that runs for weeks. */
  readonly isDetailed?: boolean | undefined
  /** Whether a wait can be told in order, with the jobs that were in the way. */
  readonly tellsParts?: boolean
}

/**
 * Splits waiting by what it is for: for traces, figures and stats alike, so that they say the same of the same wait. Each moment of
 * a wait belongs to one cause, so that its parts come to it exactly. A job is looked at when its own row changes; what changes for a
 * whole line at once (its model is taken or free, its window opens, the queue drains) goes by a clock that all of them share.
 */
export class WaitClocks {
  readonly #byJob = new Map<string, Micros>()
  readonly #onWait: NonNullable<WaitClockOptions['onWait']>
  readonly #isDetailed: boolean
  readonly #tellsParts: boolean
  readonly #open = new Map<string, FollowedWait>()
  readonly #cells: Cells
  /** The models of each running attempt that has some, and the models that attempts took or gave back since the last look. */
  readonly #running = new Map<string, readonly string[]>()
  readonly #moved = new Set<string>()
  /** The rules have changed: everybody may wait for something else. */
  #isGeneral = false
  #fairShare: unknown = null

  constructor({ onWait = () => {}, isDetailed = false, tellsParts = false }: WaitClockOptions = {}) {
    this.#onWait = onWait
    this.#isDetailed = isDetailed
    this.#tellsParts = tellsParts
    this.#cells = new Cells(tellsParts ? MOST_PARTS : 1, isDetailed)
  }

  /** Over all waits so far, in microseconds. */
  get byReason(): ReadonlyMap<ReasonCode, Micros> {
    return this.#cells.byReason
  }

  get byCause(): ReadonlyMap<WaitCause, Micros> {
    const sums = new Map<WaitCause, Micros>()
    for (const [code, micros] of this.byReason) grow(sums, causeOf(code), micros)
    return sums
  }

  get byModel(): ReadonlyMap<string, Micros> {
    return this.#cells.byModel
  }

  get byJob(): ReadonlyMap<string, Micros> {
    return this.#byJob
  }

  /** Everybody who waits when it begins, or goes on after events that nobody can read: the sums of before stay. */
  begin(ledger: Ledger, at: Micros): void {
    this.#open.clear()
    this.#running.clear()
    this.#moved.clear()
    this.#cells.clear()
    this.#isGeneral = false
    this.#cells.drains = ledger.draining
    this.#fairShare = ledger.policy.fairShare
    const open = openOf(ledger)
    for (const job of ledger.jobs) {
      if (job.active) {
        if (job.spec.models.length > 0) this.#running.set(job.jobId, job.spec.models)
        continue
      }
      const wait = new FollowedWait(job.jobId, job.waitingSince, at)
      if (job.dueAt === null) wait.readyAt = readyAt(job)
      this.#open.set(job.jobId, wait)
      this.#look(open, job.jobId, at)
    }
  }

  /** An event: waits begin and end with it to the microsecond. */
  note(event: RecordedEvent): void {
    if (event.type === 'policy_changed') this.#isGeneral = true
    else if (event.type === 'drain_requested') this.#cells.drain(true, event.at)
    else if (event.type === 'resumed') this.#cells.drain(false, event.at)
    if (!('jobId' in event)) return
    if (endsAttempt(event)) this.#giveBack(event.jobId)
    else if (event.type === 'model_released') this.#moved.add(event.model)
    if (event.type === 'queued' || event.type === 'requeued') this.#come(event.jobId, event.at)
    else if (event.type === 'started') {
      this.#take(event.jobId, event.models)
      this.#close(event.jobId, event.at, 'started', event)
    } else if (outcomeOf(event) !== null) this.#close(event.jobId, event.at, 'ended', event)
    if (isReady(event)) this.#ready(event.jobId, event.at)
  }

  /** The queue after the events that were noted, and the jobs that they touched. */
  look(ledger: Ledger, touched: Iterable<string>, at: Micros): void {
    const isGeneral = this.#isGeneral
    this.#isGeneral = false
    for (const model of this.#moved) this.#cells.follow(ledger, model, at)
    this.#moved.clear()
    const open = openOf(ledger)
    if (isGeneral) this.#lookAround(open, at)
    for (const jobId of touched) this.#look(open, jobId, at)
  }

  /** What has gone by of all waits until then counts in the sums. Times that lie before the last event change nothing. */
  spend(at: Micros): void {
    this.#cells.spend(at)
  }

  /** How many wait for what at this time, as far as they were looked at. */
  counts(at: Micros): ReadonlyMap<ReasonCode, number> {
    return this.#cells.counts(at)
  }

  /** Everybody who still waits has waited until here. */
  finish(at: Micros): void {
    for (const jobId of [...this.#open.keys()]) this.#close(jobId, at, 'open')
  }

  #come(jobId: string, at: Micros): void {
    if (!this.#open.has(jobId)) this.#open.set(jobId, new FollowedWait(jobId, at, at))
  }

  #ready(jobId: string, at: Micros): void {
    const wait = this.#open.get(jobId)
    if (wait !== undefined) wait.readyAt = at
  }

  #take(jobId: string, models: readonly string[]): void {
    if (models.length === 0) return
    this.#running.set(jobId, models)
    for (const model of models) this.#moved.add(model)
  }

  #giveBack(jobId: string): void {
    const models = this.#running.get(jobId)
    if (models === undefined) return
    for (const model of models) this.#moved.add(model)
    this.#running.delete(jobId)
  }

  /** After other rules: who is not in the line of a model, which is followed as a whole, and everybody if shares have changed. */
  #lookAround(ledger: Ledger, at: Micros): void {
    const { fairShare } = ledger.policy
    const isOfShares = !isSameRule(fairShare, this.#fairShare)
    this.#fairShare = fairShare
    this.#cells.followAll(ledger, at)
    for (const [jobId, { cell }] of [...this.#open])
      if (isOfShares || cell === null || !this.#cells.isLine(cell)) this.#look(ledger, jobId, at)
  }

  #look(ledger: Ledger, jobId: string, at: Micros): void {
    const wait = this.#open.get(jobId)
    const job = wait === undefined ? undefined : jobOf(ledger, jobId)
    if (wait === undefined || job === undefined || job.active) return
    const cell = this.#cells.of(ledger, job, at)
    const blockedBy = this.#isDetailed || this.#tellsParts ? job.blockedBy : null
    if (cell === wait.cell && blockedBy === wait.blockedBy) return
    this.#move(wait, cell, blockedBy, at)
  }

  #move(wait: FollowedWait, cell: Cell, blockedBy: string | null, at: Micros): void {
    const { drains } = this.#cells
    const before = wait.cell
    if (before === null) cell.enter(at, wait.from, drains)
    else if (before === cell) cell.advance(at, drains)
    else {
      cell.enter(at, at, drains)
      this.#cells.leave(before, at)
    }
    if (before !== null) this.#blame(wait.blockedBy, wait.leave(at, this.#tellsParts))
    wait.enter(cell, blockedBy, at)
  }

  #close(jobId: string, at: Micros, how: Wait['ended'], by?: RecordedEvent): void {
    const wait = this.#open.get(jobId)
    if (wait === undefined) return
    if (wait.cell !== null) this.#cells.leave(wait.cell, at)
    else if (at > wait.from) this.#cells.add(TAKEN, null, at - wait.from)
    this.#blame(wait.blockedBy, wait.end(at, how))
    this.#open.delete(jobId)
    this.#onWait(wait, by)
  }

  #blame(jobId: string | null, micros: Micros): void {
    if (jobId !== null && this.#isDetailed && micros > 0) grow(this.#byJob, jobId, micros)
  }
}

/** What jobs wait for but for the draining, which holds for all of them alike. */
const openOf = (ledger: Ledger): Ledger => (ledger.draining ? { ...ledger, draining: false } : ledger)
