import { Subject } from 'rxjs'
import {
  type Decision,
  emptyLedger,
  type Folded,
  fold,
  type Ledger,
  type QueueChange,
  type RecordedEvent,
} from '../../core/index.ts'

const none: ReadonlySet<string> = new Set()

/** How the log goes on in this process. */
export interface Applied {
  /** What the events were folded on. */
  readonly before: Ledger
  /** None: the replica has gone on from a snapshot. */
  readonly events: readonly RecordedEvent[]
  /** This process has appended them. */
  readonly isOwn: boolean
}

/**
 * This process's copy of the queue's state: a ledger at some version of the log. It advances by folding what others appended, or
 * by adopting the ledger of an own decision once that is in the log.
 */
export class Replica {
  #ledger: Ledger = emptyLedger
  readonly #applied = new Subject<Applied>()
  readonly #events = new Subject<RecordedEvent>()
  readonly #changes = new Subject<Ledger>()
  readonly #moves = new Subject<QueueChange>()
  readonly #skipped = new Subject<void>()
  /** What the parts of this process read, before any program hears of it. */
  readonly applied$ = this.#applied.asObservable()
  /** Every event, in order, once the replica has folded it. */
  readonly events$ = this.#events.asObservable()
  readonly changes$ = this.#changes.asObservable()
  /** Each ledger that the replica has come to, with the events that led there. */
  readonly moves$ = this.#moves.asObservable()
  /** The replica has gone on from a snapshot. The events up to there are not emitted. */
  readonly skipped$ = this.#skipped.asObservable()

  get ledger(): Ledger {
    return this.#ledger
  }

  get version(): number {
    return this.#ledger.version
  }

  /** Goes on from a snapshot, unless it knows as much already. The events before the snapshot are not emitted. */
  startFrom(ledger: Ledger): void {
    if (ledger.version <= this.#ledger.version) return
    this.#move({ ledger, touched: none, overtakes: 0 }, [], false)
    this.#skipped.next()
  }

  /** Folds events that others appended, and skips those that it knows already. */
  apply(events: readonly RecordedEvent[]): void {
    const fresh = events.filter((event) => event.seq > this.#ledger.version)
    if (fresh.length === 0) return
    this.#move(fold(this.#ledger, fresh), fresh, false)
  }

  /** An own decision was appended: its ledger is the state now. */
  adopt(decision: Decision): void {
    this.#move(decision, decision.events, true)
  }

  complete(): void {
    this.#applied.complete()
    this.#events.complete()
    this.#changes.complete()
    this.#moves.complete()
    this.#skipped.complete()
  }

  #move({ ledger, touched, overtakes }: Folded, events: readonly RecordedEvent[], isOwn: boolean): void {
    const before = this.#ledger
    this.#ledger = ledger
    this.#applied.next({ before, events, isOwn })
    for (const event of events) this.#events.next(event)
    this.#changes.next(ledger)
    if (this.#moves.observed) this.#moves.next({ events, ledger, touched, overtakes })
  }
}
