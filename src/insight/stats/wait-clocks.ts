import {
  endsAttempt,
  isSameRule,
  type Job,
  jobOf,
  type Ledger,
  type Micros,
  outcomeOf,
  type ReasonCode,
  type RecordedEvent,
} from '../../core/index.ts'
import { causeOf, type WaitCause } from './cause.ts'
import type { Cell, Mark } from './cell.ts'
import { Cells } from './cells.ts'
import type { Wait } from './waits.ts'

interface Open {
  readonly from: Micros
  /** What it waited for before it came to its cell; null: nothing yet. */
  parts: Partial<Record<WaitCause, Micros>> | null
  /** Null: nobody has looked yet. */
  cell: Cell | null
  mark: Mark
  /** Which job it has waited behind, and since when; undefined: nobody has looked yet. */
  blockedBy: string | null | undefined
  since: Micros
}

export interface WaitClockOptions {
  /** Told of each wait when it is over. */
  readonly onWait?: (wait: Wait) => void
  /** Whether to sum by model and by job too. Those sums have no end, so nobody wants them of a process that runs for weeks. */
  readonly isDetailed?: boolean
}

/**
 * Sums of waiting by what it is for, for whole queues; `WaitSplitter` tells one wait part by part. Each moment of a wait belongs to one cause, so that its parts come to it exactly. A job is looked
 * at when its own row changes; what changes for a whole line at once (its model is taken or free, its window opens, the queue
 * drains) goes by a clock that all of them share.
 */
export class WaitClocks {
  /** Over all waits so far, in microseconds. */
  readonly byReason = new Map<ReasonCode, Micros>()
  readonly byCause = new Map<WaitCause, Micros>()
  readonly byModel = new Map<string, Micros>()
  readonly byJob = new Map<string, Micros>()
  readonly #onWait: (wait: Wait) => void
  readonly #isDetailed: boolean
  readonly #open = new Map<string, Open>()
  readonly #cells = new Cells((code, model, micros) => this.#add(code, model, micros))
  /** The models of each running attempt, and those that an attempt took or gave back since the last look. */
  readonly #running = new Map<string, readonly string[]>()
  readonly #moved = new Set<string>()
  /** The rules have changed: everybody may wait for something else. */
  #isGeneral = false
  #fairShare: unknown = null

  constructor({ onWait = () => {}, isDetailed = true }: WaitClockOptions = {}) {
    this.#onWait = onWait
    this.#isDetailed = isDetailed
  }

  /** How many wait now, whether or not anybody has looked at them. */
  get size(): number {
    return this.#open.size
  }

  /** Everybody who waits when it begins. */
  begin(ledger: Ledger, at: Micros): void {
    this.#cells.drains = ledger.draining
    this.#fairShare = ledger.policy.fairShare
    for (const job of ledger.jobs) {
      if (job.active) {
        this.#running.set(job.jobId, job.spec.models)
        continue
      }
      this.#come(job.jobId, at)
      this.#look(ledger, job.jobId, at)
    }
  }

  /** An event: waits begin and end with it to the microsecond. */
  note(event: RecordedEvent): void {
    if (event.type === 'policy_changed') this.#isGeneral = true
    else if (event.type === 'drain_requested') this.#cells.drain(true, event.at)
    else if (event.type === 'resumed') this.#cells.drain(false, event.at)
    if (!('jobId' in event)) return
    if (endsAttempt(event)) this.#giveBack(event.jobId)
    if (event.type === 'queued' || event.type === 'requeued') this.#come(event.jobId, event.at)
    else if (event.type === 'started') {
      this.#running.set(event.jobId, event.models)
      for (const model of event.models) this.#moved.add(model)
      this.#close(event.jobId, event.at, 'started')
    } else if (outcomeOf(event) !== null) this.#close(event.jobId, event.at, 'ended')
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
    if (!this.#open.has(jobId))
      this.#open.set(jobId, { from: at, parts: null, cell: null, mark: [], blockedBy: undefined, since: at })
  }

  #giveBack(jobId: string): void {
    for (const model of this.#running.get(jobId) ?? []) this.#moved.add(model)
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
    const open = this.#open.get(jobId)
    const job = open === undefined ? undefined : jobOf(ledger, jobId)
    if (open === undefined || job === undefined || job.active) return
    const cell = this.#cells.of(ledger, job, at)
    if (cell !== open.cell) this.#move(open, cell, at)
    this.#follow(open, job, at)
  }

  #move(open: Open, cell: Cell, at: Micros): void {
    this.#leave(open, at, cell)
    this.#cells.enter(cell, at)
    open.cell = cell
    open.mark = cell.mark
  }

  /** What has gone by is for what was known: nobody has looked since it began, so it has waited for what it waits for now. */
  #leave(open: Open, at: Micros, now: Cell | null): void {
    const { cell, mark, from } = open
    if (cell === null) {
      const code = now === null ? TAKEN : now.codeAt(at, this.#cells.drains)
      if (at > from) {
        this.#add(code, now?.model ?? null, at - from)
        this.#part(open, code, at - from)
      }
      return
    }
    this.#cells.leave(cell, at)
    cell.since(mark, (code, micros) => this.#part(open, code, micros))
  }

  #part(open: Open, code: ReasonCode, micros: Micros): void {
    const cause = causeOf(code)
    open.parts ??= {}
    open.parts[cause] = (open.parts[cause] ?? 0) + micros
  }

  #add(code: ReasonCode, model: string | null, micros: Micros): void {
    grow(this.byReason, code, micros)
    grow(this.byCause, causeOf(code), micros)
    if (model !== null && this.#isDetailed) grow(this.byModel, model, micros)
  }

  #follow(open: Open, job: Job, at: Micros): void {
    if (!this.#isDetailed) return
    if (open.blockedBy === job.blockedBy) return
    // Nobody has looked yet: it has waited behind that job since it came.
    if (open.blockedBy !== undefined) this.#behind(open, at)
    open.blockedBy = job.blockedBy
  }

  #behind(open: Open, at: Micros): void {
    const { blockedBy } = open
    if (typeof blockedBy === 'string' && at > open.since) grow(this.byJob, blockedBy, at - open.since)
    open.since = Math.max(at, open.since)
  }

  #close(jobId: string, at: Micros, ended: Wait['ended']): void {
    const open = this.#open.get(jobId)
    if (open === undefined) return
    this.#leave(open, at, null)
    this.#behind(open, at)
    this.#open.delete(jobId)
    this.#onWait({ jobId, from: open.from, to: Math.max(at, open.from), ended, parts: open.parts ?? {} })
  }
}

/** Begun and over between two looks: it could start, and somebody took it. */
const TAKEN: ReasonCode = 'offered'

/** What jobs wait for but for the draining, which holds for all of them alike. */
const openOf = (ledger: Ledger): Ledger => (ledger.draining ? { ...ledger, draining: false } : ledger)

const grow = <K>(sums: Map<K, Micros>, key: K, by: Micros): void =>
  void sums.set(key, (sums.get(key) ?? 0) + by)
