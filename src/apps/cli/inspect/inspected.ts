import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect'
import type { ActorRefLike } from 'xstate'
import { CoordinatorActor, type CoordinatorSnapshot } from '../../../../machines/index.ts'
import { type Ledger, type RecordedEvent, waitingCount } from '../../../engine/core/index.ts'
import { isoTime } from '../../../tools/format/index.ts'

/** How much of a long line an inspector shows. All of it, with every event, would be megabytes. */
const SHOWN = 20

/** The context for the inspector: a summary of the ledger, as small for 100,000 jobs as for ten. */
function contextOf(ledger: Ledger) {
  const ids = (places: Iterable<{ readonly jobId: string }>) => {
    const shown: string[] = []
    for (const { jobId } of places) if (shown.push(jobId) === SHOWN) break
    return shown
  }
  return {
    version: ledger.version,
    at: ledger.version === 0 ? null : isoTime(ledger.lastAt),
    epoch: ledger.epoch,
    activeCount: ledger.active.size,
    active: ids(ledger.active),
    waitingCount: waitingCount(ledger),
    nextInLine: ids(ledger.line),
    policy: ledger.policy,
  }
}

const snapshotOf = ({ value, status, context }: CoordinatorSnapshot) => ({
  value,
  status,
  context: contextOf(context.ledger),
})

/**
 * The machine of a queue, run for an inspector: a real actor whose registration, events and snapshots are sent in the inspector's
 * own protocol. XState's own observer would write out the whole ledger for every event; this sends the same facts with a context
 * that fits on a screen.
 */
export class InspectedQueue {
  readonly #actor: CoordinatorActor
  readonly #send: (message: StatelyInspectionEvent) => void
  readonly #inspector = createInspector({ send: (message) => this.#hand(message) })
  readonly #sessionId: string
  #registration: StatelyInspectionEvent | undefined

  constructor(from: Ledger, send: (message: StatelyInspectionEvent) => void) {
    this.#send = send
    let ref: ActorRefLike | undefined
    this.#actor = new CoordinatorActor(from, {
      inspect: (seen) => {
        if (seen.type === '@xstate.actor') ref = seen.actorRef
      },
    })
    // Its snapshot cannot be read before it exists.
    if (ref === undefined) throw new Error('the actor did not say who it is')
    this.#sessionId = ref.sessionId
    this.#inspector.actor(ref, snapshotOf(this.#actor.snapshot))
  }

  get ledger(): Ledger {
    return this.#actor.ledger
  }

  /** What a new client needs to know: which actor this is, and its state. */
  greeting(): readonly StatelyInspectionEvent[] {
    if (this.#registration === undefined) return []
    return [{ ...this.#registration, snapshot: snapshotOf(this.#actor.snapshot) } as StatelyInspectionEvent]
  }

  /** @throws InterlockError `corrupt_log` for an event that the machine does not accept */
  feed(event: RecordedEvent): void {
    this.#actor.feed(event)
    this.#inspector.event(this.#sessionId, event)
    this.#inspector.snapshot(this.#sessionId, snapshotOf(this.#actor.snapshot), { event })
  }

  stop(): void {
    this.#inspector.snapshot(this.#sessionId, { ...snapshotOf(this.#actor.snapshot), status: 'stopped' })
    this.#actor.stop()
  }

  /** All messages belong to this one actor; the package would report manual messages as `anonymous`. */
  #hand(message: StatelyInspectionEvent): void {
    const sent = { ...message, rootId: this.#sessionId }
    if (sent.type === '@xstate.actor') this.#registration = sent
    this.#send(sent)
  }
}
