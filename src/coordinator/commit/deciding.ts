import { faultyIn } from '../../codec/index.ts'
import {
  type Decision,
  decide,
  type Ledger,
  type Micros,
  projectionChanges,
  type Surroundings,
} from '../../core/index.ts'
import type { AppendAnswer, AppendRequest } from '../../port/index.ts'
import { Recent } from '../base/recent.ts'
import type { LogView } from '../replica/log-view.ts'
import { dataOf } from './data-of.ts'
import type { OpenCommands } from './open-commands.ts'
import type { StartedData } from './started-data.ts'

/** A decision, what is to be written of it, and when it was made, as this process's clock marks it. */
export interface Decided {
  readonly decided: number
  readonly decision: Decision
  readonly request: AppendRequest
}

/** Worker processes that are remembered to be gone. */
const MOST_DEAD = 1_000

/**
 * The outcome of commands, and what to write of it. The one place that everything passes on its way to a store, whichever it
 * is: what nobody could read back goes no further.
 */
export class Deciding {
  readonly #log: LogView
  readonly #startedData: StartedData | undefined
  readonly #lead = new Lead()
  /** Worker processes of which the store has said that they have no live lease. Those of long ago are refused once more, and then known again. */
  readonly deadWorkers = new Recent(MOST_DEAD)
  /** Jobs of the batch that is under way that are to be cancelled: the next one asks again, since a request is decided in a moment. */
  readonly heldBack = new Set<string>()

  /** @param startedData what handlers need of the jobs that are started; without it nothing is brought */
  constructor(log: LogView, startedData?: StartedData) {
    this.#log = log
    this.#startedData = startedData
  }

  /** A command whose event does not read back as it is is refused, alone, and the others are decided without it. */
  decide(open: OpenCommands): Decision {
    for (;;) {
      const decision = decide(this.#log.ledger, open.commands(), this.#surroundings)
      const faulty = faultyIn(decision.events)
      if (faulty === null) return decision
      if (!open.reject(faulty.commandId, faulty.error)) throw faulty.error
    }
  }

  /**
   * What is to be written if the ledger comes to `base`; null where that is nothing, or where a command is at fault: both are for
   * {@link decide} to say, once it is so.
   */
  ahead(open: OpenCommands, base: Ledger): Decided | null {
    const decided = this.#log.clock.mark()
    const decision = decide(base, open.commands(), this.#surroundings)
    const request = faultyIn(decision.events) === null ? this.request(decision, open, base) : null
    return request === null ? null : { decided, decision, request }
  }

  /** The times at which an append that is sent now arrives. */
  get #surroundings(): Surroundings {
    const log = this.#log
    const { micros } = this.#lead
    return {
      now: log.now() + micros,
      clock: log.clock.now() + micros,
      deadWorkers: this.deadWorkers.asSet(),
      heldBack: this.heldBack,
    }
  }

  /** Null: there is nothing to append. */
  request(decision: Decision, open: OpenCommands, base = this.#log.ledger): AppendRequest | null {
    if (decision.events.length === 0) return null
    const wanted = this.#startedData?.wantedOf(decision)
    return {
      queue: this.#log.queue,
      expectedVersion: base.version,
      expectedAt: base.lastAt,
      events: decision.events,
      ...(wanted === undefined ? undefined : { wanted }),
      ...(takesIn(decision.events) ? { ofArrivals: true } : undefined),
      changes: {
        ...projectionChanges(base, decision.ledger, decision.touched),
        ...dataOf(open.pending(), decision.events),
      },
    }
  }

  /** The store has looked at an append: what that tells of its clock, and of the way there. Marks are of this process's clock. */
  learn(answer: AppendAnswer, sent: number, decided: number): void {
    const { clock } = this.#log
    clock.sync(answer.now, sent)
    this.#lead.learn(clock.at(decided), answer.now, !answer.ok && answer.reason === 'clock')
  }
}

/** Rows are taken in by claiming them first (`takeIn`). */
const takesIn = (events: Decision['events']): boolean =>
  events.some((event) => event.type === 'queued' && event.intake === true)

/** A way that takes longer has to be thought of: the store lets an event be off by 1 s. */
const NOTABLE: Micros = 500_000

/**
 * How long an append is on its way to the database's clock. Its events are timed for when they get there. Nothing on most links;
 * what a refusal (`clock`) has taught on a slow one, where the way there may be seconds longer than the way back, which no
 * answer tells apart.
 */
class Lead {
  #micros: Micros = 0

  get micros(): Micros {
    return this.#micros
  }

  /** An append that was decided at one time, by the database's clock, came to be looked at at another. */
  learn(decided: Micros, lookedAt: Micros, refused: boolean): void {
    const way = lookedAt - decided
    if (way < NOTABLE) this.#micros = 0
    else if (refused || this.#micros > 0) this.#micros = way
  }
}
