import { settle } from '../needs/blocking.ts'
import { Draft } from '../state/draft.ts'
import { emptyLedger, type Ledger } from '../state/ledger.ts'
import type { RecordedEvent } from '../values/event.ts'
import { applyEvent } from './evolve.ts'

/** A ledger after many events, and the jobs whose rows they changed. */
export interface Folded {
  readonly ledger: Ledger
  readonly touched: ReadonlySet<string>
  /** How often a job was overtaken: the sum over all jobs. */
  readonly overtakes: number
}

/** How a queue went on, as a process follows it. */
export interface QueueChange extends Folded {
  /** None: it went on from a snapshot, and the events up to there are told to nobody. */
  readonly events: readonly RecordedEvent[]
}

/**
 * Folds events into a ledger: the same as {@link evolve} one by one, at the cost of mutation (one owner for all).
 * @throws InterlockError `corrupt_log`; the ledger that was given stays as it was.
 */
export function fold(ledger: Ledger, events: Iterable<RecordedEvent>): Folded {
  const folder = new Folder(ledger)
  for (const event of events) folder.push(event)
  return folder.folded()
}

/** Folds events as they come, and says at the end what has changed. */
export class Folder {
  readonly #draft: Draft

  constructor(ledger: Ledger) {
    this.#draft = new Draft(ledger)
  }

  /** @throws InterlockError `corrupt_log`; nothing is folded on after that */
  push(event: RecordedEvent): void {
    applyEvent(this.#draft, event)
  }

  folded(): Folded {
    settle(this.#draft)
    const { touched, overtakes } = this.#draft
    return { ledger: this.#draft.seal(), touched, overtakes }
  }
}

/** The state after a whole log. */
export function replay(events: Iterable<RecordedEvent>): Ledger {
  const replayer = new Replayer()
  for (const event of events) replayer.push(event)
  return replayer.ledger()
}

/** Takes events as they come, in pages or one by one, and shows the ledger when asked. */
export class Replayer {
  #draft: Draft
  /** Set by the first corrupt event: part of it may have been applied, so no ledger is shown from then on. */
  #failure: { readonly error: unknown } | undefined

  constructor(from: Ledger = emptyLedger) {
    this.#draft = new Draft(from, { accounts: false })
  }

  /** @throws InterlockError `corrupt_log`, and the same again from whatever is asked next. */
  push(event: RecordedEvent): void {
    this.#check()
    try {
      applyEvent(this.#draft, event)
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  /** The ledger so far. It costs a fresh owner and a look at all jobs in line: do not call it for every event. */
  ledger(): Ledger {
    this.#check()
    settle(this.#draft)
    const ledger = this.#draft.seal()
    this.#draft = new Draft(ledger, { accounts: false })
    return ledger
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
