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
import { dataOf } from './command-data.ts'
import type { OpenCommands } from './open-commands.ts'
import type { StartedData } from './started-data.ts'

/** A decision, what to write of it, and when it was made, by this process's clock. */
export interface Decided {
  readonly decided: number
  readonly decision: Decision
  readonly request: AppendRequest
}

/** How many dead worker processes are remembered. */
const MOST_DEAD = 1_000

/**
 * Decides commands, and makes the append from the decision. Everything passes here on its way to any store: an event that could
 * not be read back goes no further.
 */
export class Deciding {
  readonly #log: LogView
  readonly #startedData: StartedData | undefined
  readonly #lead = new Lead()
  /**
   * Worker processes that the store says have no live lease. If one is forgotten, its start is refused once more, and it is known
   * again.
   */
  readonly deadWorkers = new Recent(MOST_DEAD)
  /**
   * Jobs of the current batch that are to be cancelled. The next batch asks again, since a cancel request is decided in a moment.
   */
  readonly heldBack = new Set<string>()

  /**
   * @param startedData the data that handlers need of started jobs; without it, appends bring no data
   */
  constructor(log: LogView, startedData?: StartedData) {
    this.#log = log
    this.#startedData = startedData
  }

  /**
   * If the event of a command does not read back unchanged, that command alone is refused, and the others are decided without it.
   */
  decide(open: OpenCommands): Decision {
    for (;;) {
      const decision = this.#decide(open, this.#log.ledger)
      const faulty = faultyIn(decision.events)
      if (faulty === null) return decision
      if (!open.reject(faulty.commandId, faulty.error)) throw faulty.error
    }
  }

  /**
   * What to write if the ledger becomes `base`. Null if there is nothing to write, or a command is at fault: {@link decide} says
   * so later.
   */
  ahead(open: OpenCommands, base: Ledger): Decided | null {
    const decided = this.#log.clock.mark()
    const decision = this.#decide(open, base)
    const request = faultyIn(decision.events) === null ? this.request(decision, open, base) : null
    return request === null ? null : { decided, decision, request }
  }

  #decide(open: OpenCommands, base: Ledger): Decision {
    return decide(base, open.commands(), this.#surroundings)
  }

  /** The time at which an append that is sent now arrives, and what else decides about it. */
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

  /**
   * The store has answered an append. Learns from it about the store's clock, and how long an append travels. Marks are of this
   * process's clock.
   */
  learn(answer: AppendAnswer, sent: number, decided: number): void {
    const { clock } = this.#log
    clock.sync(answer.now, sent)
    this.#lead.learn(clock.at(decided), answer.now, !answer.ok && answer.reason === 'clock')
  }
}

/** Rows are taken in by claiming them first (`takeIn`). */
export const takesIn = (events: Decision['events']): boolean =>
  events.some((event) => event.type === 'queued' && event.intake === true)

/** Shorter ways need no allowance: the store accepts an event that is off by up to 1 s. */
const NOTABLE: Micros = 500_000

/**
 * How long an append travels before the database looks at its clock: its events are timed for their arrival. Zero on most links.
 * On a slow link the way out may be seconds longer than the way back, and no answer shows which is which. A refusal (`clock`)
 * does, and teaches this value.
 */
class Lead {
  #micros: Micros = 0

  get micros(): Micros {
    return this.#micros
  }

  /** An append was decided at one time and checked at another, both by the database's clock. */
  learn(decided: Micros, lookedAt: Micros, refused: boolean): void {
    const way = lookedAt - decided
    if (way < NOTABLE) this.#micros = 0
    else if (refused || this.#micros > 0) this.#micros = way
  }
}
