import {
  fold,
  type Job,
  jobOf,
  type Ledger,
  type Micros,
  outcomeOf,
  type ReasonCode,
  type RecordedEvent,
  rateOpensAt,
  reasonCodeOf,
} from '../../core/index.ts'
import { causeOf, type WaitCause } from './cause.ts'

/** One wait of a job, from its coming into the queue, or back, to its start or its end; of one that began earlier, the rest. */
export interface Wait {
  readonly jobId: string
  readonly from: Micros
  readonly to: Micros
  /** Whether an attempt began then; else it was cancelled, expired, or goes on. */
  readonly ended: 'started' | 'ended' | 'open'
  /** How long it waited for what, in microseconds: the parts come to `to − from` exactly. */
  readonly parts: Readonly<Partial<Record<WaitCause, Micros>>>
}

/** A part of a wait, for one thing. Parts of a wait follow each other, and may repeat. */
export interface WaitPart {
  readonly jobId: string
  readonly from: Micros
  readonly to: Micros
  readonly code: ReasonCode
  readonly cause: WaitCause
  /** The model and the job that it was for, where there are. */
  readonly model: string | null
  readonly blockedBy: string | null
}

/** What a job waits for since a moment, as far as the last look told. */
interface Reason {
  readonly code: ReasonCode
  readonly model: string | null
  readonly blockedBy: string | null
}

interface Open {
  readonly from: Micros
  readonly parts: Partial<Record<WaitCause, Micros>>
  since: Micros
  /** Null: nobody has looked yet. */
  reason: Reason | null
  /** When time alone puts another reason in the place of this one, and which. */
  later: { readonly at: Micros; readonly reason: Reason } | null
}

/** Begun and over between two looks: it could start, and somebody took it. */
const TAKEN: Reason = { code: 'offered', model: null, blockedBy: null }

/** Events after which everybody may wait for something else. */
const general: ReadonlySet<RecordedEvent['type']> = new Set([
  'policy_changed',
  'drain_requested',
  'resumed',
  'epoch_changed',
])

/**
 * Splits waiting by what it is for: each moment of a wait belongs to one cause, so that its parts come to it exactly. What a job waits
 * for is looked at whenever its own row changes, when its blocker starts, and when the rules change.
 */
export class WaitSplitter {
  /** Over all waits so far, in microseconds. */
  readonly byReason = new Map<string, Micros>()
  readonly byCause = new Map<WaitCause, Micros>()
  readonly byModel = new Map<string, Micros>()
  readonly byJob = new Map<string, Micros>()
  readonly #onWait: (wait: Wait) => void
  readonly #onPart: ((part: WaitPart) => void) | undefined
  readonly #open = new Map<string, Open>()
  /** The jobs that wait behind each job. */
  readonly #behind = new Map<string, Set<string>>()
  readonly #started = new Set<string>()
  #isGeneral = false

  /** @param onWait is told of each wait when it is over @param onPart is told of each part of it, once it is known */
  constructor(onWait: (wait: Wait) => void = () => {}, onPart?: (part: WaitPart) => void) {
    this.#onWait = onWait
    this.#onPart = onPart
  }

  /** Everybody who waits when it begins. */
  begin(ledger: Ledger, at: Micros): void {
    for (const job of ledger.jobs) {
      if (job.active) continue
      this.#come(job.jobId, at)
      this.#look(ledger, job.jobId, at)
    }
  }

  /** An event: waits begin and end with it to the microsecond. */
  note(event: RecordedEvent): void {
    if (general.has(event.type)) this.#isGeneral = true
    if (event.type === 'queued' || event.type === 'requeued') this.#come(event.jobId, event.at)
    else if (event.type === 'started') {
      this.#started.add(event.jobId)
      this.#close(event.jobId, event.at, 'started')
    } else if ('jobId' in event && outcomeOf(event) !== null) this.#close(event.jobId, event.at, 'ended')
  }

  /** The queue after the events that were noted, and the jobs that they touched. */
  look(ledger: Ledger, touched: Iterable<string>, at: Micros): void {
    const all = this.#isGeneral ? [...this.#open.keys()] : touched
    for (const jobId of all) this.#look(ledger, jobId, at)
    for (const jobId of this.#started)
      for (const behind of [...(this.#behind.get(jobId) ?? [])]) this.#look(ledger, behind, at)
    this.#started.clear()
    this.#isGeneral = false
  }

  /** Everybody who still waits has waited until here. */
  finish(at: Micros): void {
    for (const jobId of [...this.#open.keys()]) this.#close(jobId, at, 'open')
  }

  #come(jobId: string, at: Micros): void {
    if (!this.#open.has(jobId))
      this.#open.set(jobId, { from: at, parts: {}, since: at, reason: null, later: null })
  }

  #look(ledger: Ledger, jobId: string, at: Micros): void {
    const open = this.#open.get(jobId)
    const job = open === undefined ? undefined : jobOf(ledger, jobId)
    if (open === undefined || job === undefined || job.active) return
    const reason = reasonAt(ledger, job, at)
    this.#spend(jobId, open, at)
    this.#follow(jobId, open.reason?.blockedBy ?? null, reason.blockedBy)
    open.reason = reason
    const opens = reason.code === 'rate_limited' ? rateOpensAt(ledger, job, at) : 0
    open.later = opens > at ? { at: opens, reason: reasonAt(ledger, job, opens) } : null
  }

  /** What has gone by since the last look is for what was known then. */
  #spend(jobId: string, open: Open, at: Micros): void {
    // Nobody has looked since it began: it has waited for what it waits for now.
    if (open.reason === null) return
    const { later } = open
    if (later !== null && later.at < at) {
      this.#add(jobId, open, open.reason, later.at)
      this.#add(jobId, open, later.reason, at)
    } else this.#add(jobId, open, open.reason, at)
  }

  #add(jobId: string, open: Open, { code, model, blockedBy }: Reason, to: Micros): void {
    const micros = to - open.since
    if (micros <= 0) return
    const from = open.since
    open.since = to
    const cause = causeOf(code)
    this.#onPart?.({ jobId, from, to, code, cause, model, blockedBy })
    open.parts[cause] = (open.parts[cause] ?? 0) + micros
    grow(this.byCause, cause, micros)
    grow(this.byReason, code, micros)
    if (model !== null) grow(this.byModel, model, micros)
    if (blockedBy !== null) grow(this.byJob, blockedBy, micros)
  }

  #close(jobId: string, at: Micros, ended: Wait['ended']): void {
    const open = this.#open.get(jobId)
    if (open === undefined) return
    open.reason ??= TAKEN
    this.#spend(jobId, open, at)
    this.#follow(jobId, open.reason.blockedBy, null)
    this.#open.delete(jobId)
    this.#onWait({ jobId, from: open.from, to: Math.max(at, open.since), ended, parts: open.parts })
  }

  #follow(jobId: string, before: string | null, after: string | null): void {
    if (before === after) return
    if (before !== null) {
      const those = this.#behind.get(before)
      those?.delete(jobId)
      if (those?.size === 0) this.#behind.delete(before)
    }
    if (after === null) return
    const those = this.#behind.get(after) ?? new Set()
    those.add(jobId)
    this.#behind.set(after, those)
  }
}

/**
 * Every wait in a stretch of a log, split by what it was for.
 * @param before the queue when the stretch begins, at `from`
 * @example for (const { parts } of splitWaits(emptyLedger, events, { from, to })) console.log(parts.model)
 */
export function splitWaits(
  before: Ledger,
  events: Iterable<RecordedEvent>,
  { from, to }: { readonly from: Micros; readonly to: Micros },
): readonly Wait[] {
  const waits: Wait[] = []
  const splitter = new WaitSplitter((wait) => waits.push(wait))
  splitter.begin(before, from)
  let ledger = before
  for (const event of events) {
    splitter.note(event)
    const folded = fold(ledger, [event])
    ledger = folded.ledger
    splitter.look(ledger, folded.touched, event.at)
  }
  splitter.finish(to)
  return waits
}

const reasonAt = (ledger: Ledger, job: Job, now: Micros): Reason => ({
  code: reasonCodeOf(ledger, job, now),
  model: job.heldOn ?? job.blockedOn,
  blockedBy: job.blockedBy,
})

const grow = <K>(sums: Map<K, Micros>, key: K, by: Micros): void =>
  void sums.set(key, (sums.get(key) ?? 0) + by)
