import { faultyIn } from '../../codec/index.ts'
import { type Decision, decide, type Micros, projectionChanges, type Surroundings } from '../../core/index.ts'
import type { AppendAnswer, AppendRequest } from '../../port/index.ts'
import { Recent } from '../base/recent.ts'
import type { Reader } from '../replica/read-log.ts'
import { dataOf } from './data-of.ts'
import { Lead } from './lead.ts'
import type { OpenCommands } from './open-commands.ts'
import type { InHand } from './started-data.ts'

export interface DecidingOptions extends Pick<Reader, 'queue' | 'replica' | 'clock'> {
  /** The time of the queue. */
  readonly now: () => Micros
  /** What handlers need of the jobs that are started; without it nothing is brought. */
  readonly inHand?: InHand
}

/** Worker processes that are remembered to be gone. */
const MOST_DEAD = 1_000

/**
 * What commands lead to, and what is to be written of it. The one place that everything passes on its way to a store, whichever it
 * is: what nobody could read back goes no further.
 */
export class Deciding {
  readonly #options: DecidingOptions
  readonly #lead = new Lead()
  /** Worker processes of which the store has said that they have no live lease. Those of long ago are refused once more, and then known again. */
  readonly deadWorkers = new Recent(MOST_DEAD)
  /** Jobs of the batch that is under way that are to be cancelled: the next one asks again, since a request is decided in a moment. */
  readonly heldBack = new Set<string>()

  constructor(options: DecidingOptions) {
    this.#options = options
  }

  /** A command whose event does not read back as it is is refused, alone, and the others are decided without it. */
  decide(open: OpenCommands): Decision {
    const { replica } = this.#options
    for (;;) {
      const decision = decide(replica.ledger, open.commands(), this.#surroundings)
      const faulty = faultyIn(decision.events)
      if (faulty === null) return decision
      if (!open.reject(faulty.commandId, faulty.error)) throw faulty.error
    }
  }

  /** The times at which an append that is sent now arrives. */
  get #surroundings(): Surroundings {
    const { clock, now } = this.#options
    const { micros } = this.#lead
    return {
      now: now() + micros,
      clock: clock.now() + micros,
      deadWorkers: this.deadWorkers.asSet(),
      heldBack: this.heldBack,
    }
  }

  /** Null: there is nothing to append. */
  request(decision: Decision, open: OpenCommands): AppendRequest | null {
    if (decision.events.length === 0) return null
    const { queue, replica, inHand } = this.#options
    const wanted = inHand?.wantedOf(decision)
    return {
      queue,
      expectedVersion: replica.version,
      expectedAt: replica.ledger.lastAt,
      events: decision.events,
      ...(wanted === undefined ? undefined : { wanted }),
      ...(takesIn(decision.events) ? { ofArrivals: true } : undefined),
      changes: {
        ...projectionChanges(replica.ledger, decision.ledger, decision.touched),
        ...dataOf(open.pending(), decision.events),
      },
    }
  }

  /** The store has looked at an append: what that tells of its clock, and of the way there. Marks are of this process's clock. */
  learn(answer: AppendAnswer, sent: number, decided: number): void {
    const { clock } = this.#options
    clock.sync(answer.now, sent)
    this.#lead.learn(clock.at(decided), answer.now, !answer.ok && answer.reason === 'clock')
  }
}

/** Rows are taken in by claiming them first (`takeIn`). */
const takesIn = (events: Decision['events']): boolean =>
  events.some((event) => event.type === 'queued' && event.intake === true)
