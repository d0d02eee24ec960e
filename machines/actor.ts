import { type Actor, type ActorOptions, createActor } from 'xstate'
import {
  checkEvent,
  emptyLedger,
  invalidInput,
  type Ledger,
  type RecordedEvent,
  readingPart,
} from '../src/engine/core/index.ts'
import { checkAccepted } from './check.ts'
import { coordinatorMachine } from './coordinator.machine.ts'
import { type CoordinatorSnapshot, ledgerSnapshot } from './state.ts'

type Machine = typeof coordinatorMachine

/** `inspect` is called with every event and every state, for Stately's inspector. */
export type CoordinatorActorOptions = Pick<ActorOptions<Machine>, 'inspect'>

/**
 * The running machine of one queue. Feed it the events of its log, one after the other. It refuses an event that cannot have
 * happened, and stays as it was.
 * @example
 * ```ts
 * import { CoordinatorActor } from 'interlock-queue/machine'
 *
 * const queue = new CoordinatorActor()
 * for (const event of events) queue.feed(event)
 * queue.snapshot.value   // 'running'
 * queue.snapshot.context.ledger
 * queue.stop()
 * ```
 */
export class CoordinatorActor {
  readonly #options: CoordinatorActorOptions
  readonly #listeners = new Set<(snapshot: CoordinatorSnapshot) => void>()
  #actor: Actor<Machine>
  #snapshot: CoordinatorSnapshot
  #failure: { readonly error: unknown } | undefined

  /** Starts at a ledger that was folded, else before the first event. */
  constructor(ledger: Ledger = emptyLedger, options: CoordinatorActorOptions = {}) {
    this.#options = options
    this.#snapshot = ledgerSnapshot(ledger)
    this.#actor = this.#startAt(this.#snapshot)
  }

  get snapshot(): CoordinatorSnapshot {
    return this.#snapshot
  }

  get ledger(): Ledger {
    return this.#snapshot.context.ledger
  }

  /**
   * Takes the next event of the log and returns the ledger after it.
   * @throws InterlockError `corrupt_log` or `unknown_event` naming the sequence number, `invalid_input` for what is no event; the actor
   * then stands where it stood before, and may be fed the right event.
   */
  feed(event: RecordedEvent): Ledger {
    checkEvent(event)
    readingPart(event, 'event', () => this.#send(event))
    this.#moveTo(this.#actor.getSnapshot())
    return this.ledger
  }

  /** Goes on from another ledger, as if fed with what led to it: after a long replay, or one `decide` has computed. */
  restore(ledger: Ledger): void {
    const snapshot = ledgerSnapshot(ledger)
    this.#actor.stop()
    this.#actor = this.#startAt(snapshot)
    this.#moveTo(snapshot)
  }

  /** Calls the listener after each change from now on; returns what ends that. */
  subscribe(listener: (snapshot: CoordinatorSnapshot) => void): () => void {
    if (typeof listener !== 'function') throw invalidInput('listener: must be a function', 'listener')
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(): void {
    this.#listeners.clear()
    this.#actor.stop()
  }

  #send(event: RecordedEvent): void {
    checkAccepted(this.#snapshot, event)
    this.#actor.send(event)
    if (this.#failure !== undefined) this.#recover(this.#failure.error)
  }

  #startAt(snapshot: CoordinatorSnapshot): Actor<Machine> {
    const actor = createActor(coordinatorMachine, { ...this.#options, snapshot })
    // Without an observer XState throws the error of an action from a timer, where nobody can catch it.
    actor.subscribe({ error: (error) => this.#fail(error) })
    return actor.start()
  }

  #fail(error: unknown): void {
    this.#failure = { error }
  }

  /** `evolve` refused: XState has stopped that actor; another one stands where it stood. */
  #recover(error: unknown): never {
    this.#failure = undefined
    this.#actor = this.#startAt(this.#snapshot)
    throw error
  }

  #moveTo(snapshot: CoordinatorSnapshot): void {
    this.#snapshot = snapshot
    for (const listener of this.#listeners) listener(snapshot)
  }
}
