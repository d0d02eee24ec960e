import { Subject } from 'rxjs'
import { type Decision, emptyLedger, fold, type Ledger, type RecordedEvent } from '../../core/index.ts'
import type { Fold } from '../api/vitals.ts'

/**
 * This process's copy of the queue's state: a ledger at some version of the log. Events come in by folding what others
 * appended, or by adopting what a decision of our own has become once it is in the log.
 */
export class Replica {
  #ledger: Ledger = emptyLedger
  readonly #events = new Subject<RecordedEvent>()
  readonly #changes = new Subject<Ledger>()
  readonly #folds = new Subject<Fold>()
  readonly #skipped = new Subject<void>()
  /** Every event, in order, once the replica has folded it. */
  readonly events$ = this.#events.asObservable()
  readonly changes$ = this.#changes.asObservable()
  /** What was folded at once, and where that has led. */
  readonly folds$ = this.#folds.asObservable()
  /** It has gone on from a snapshot: the events up to there are told to nobody. */
  readonly skipped$ = this.#skipped.asObservable()

  get ledger(): Ledger {
    return this.#ledger
  }

  get version(): number {
    return this.#ledger.version
  }

  /** Goes on from a snapshot, unless it knows as much already. Nobody is told of the events before it. */
  startFrom(ledger: Ledger): void {
    if (ledger.version <= this.#ledger.version) return
    this.#move({ ledger, events: [], touched: null, overtakes: 0 })
    this.#skipped.next()
  }

  /** Folds events that others appended; those that are known already are passed over. */
  apply(events: readonly RecordedEvent[]): void {
    const fresh = events.filter((event) => event.seq > this.#ledger.version)
    if (fresh.length === 0) return
    this.#move({ ...fold(this.#ledger, fresh), events: fresh })
  }

  /** Our own decision was appended: its ledger is the state now. */
  adopt(decision: Decision): void {
    this.#move(decision)
  }

  complete(): void {
    this.#events.complete()
    this.#changes.complete()
    this.#folds.complete()
    this.#skipped.complete()
  }

  #move({ ledger, events, touched, overtakes }: Fold): void {
    this.#ledger = ledger
    for (const event of events) this.#events.next(event)
    this.#changes.next(ledger)
    this.#folds.next({ ledger, events, touched, overtakes })
  }
}
