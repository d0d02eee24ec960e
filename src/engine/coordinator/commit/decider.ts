import {
  type Command,
  type Decision,
  decide,
  isOfRow,
  type JobOutcome,
  type Ledger,
  type OnceRecord,
  projectionChanges,
  type Surroundings,
} from '../../core/index.ts'
import { faultyIn } from '../../events/index.ts'
import type { AppendRequest, AppendRole } from '../../store/index.ts'
import { Recent } from '../base/recent.ts'
import type { LogView } from '../replica/log-view.ts'
import { dataOf } from './data-staging.ts'
import { Lead } from './lead.ts'
import type { OpenCommands } from './open-commands.ts'
import type { StartedData } from './started-data.ts'
import { type RefusedCommand, undecidableIn } from './undecidable.ts'

/** What may be written. */
export interface SharedShapes {
  /** The newest shape of events that every live process of the queue reads. */
  readonly reads: number
}

export interface DeciderOptions {
  readonly log: LogView
  readonly store: Pick<AppendRole, 'endings'>
  /** The data that handlers need of started jobs; without it, appends bring no data. */
  readonly startedData: StartedData | undefined
  readonly shapes: SharedShapes
}

/** A decision with its append. */
export interface DecidedAppend {
  /** What it was made on. Ledgers never change: on any other one it has to be made again. */
  readonly on: Ledger
  readonly decision: Decision
  readonly request: AppendRequest
  /** When, by the marks of the database's clock. */
  readonly at: number
}

/** Of how many jobs one call asks how they ended. */
const MOST_ENDINGS = 10_000

/** How many dead worker processes are remembered. */
const MOST_DEAD = 1_000

/**
 * Decides a batch of commands, by what the store has said of it so far.
 *
 * Everything passes here on its way to any store: an event that could not be read back goes no further.
 */
export class Decider {
  readonly #options: DeciderOptions
  readonly lead = new Lead()
  /** The last append has left to others what could start. */
  hasLeftStarts = false
  /**
   * Worker processes that the store says have no live lease. If one is forgotten, its start is refused once more, and it is known
   * again.
   */
  readonly deadWorkers = new Recent(MOST_DEAD)
  /**
   * Jobs of the current batch that are to be cancelled. The next batch asks again, since a cancel request is decided in a moment.
   */
  readonly heldBack = new Set<string>()
  /** Jobs of the current batch whose ids are taken, since jobs were enqueued `once` under them. */
  readonly once = new Map<string, OnceRecord>()
  /** Jobs of the current batch whose handlers end them in transactions of their own: nothing else ends them. */
  readonly ending = new Set<string>()
  /** How jobs ended that commands of the current batch link others to, as the store said; null: it does not know. */
  readonly ended = new Map<string, JobOutcome | null>()
  /**
   * The current batch came too late again and again. Events that start and offer nothing may be older when they reach the database, so it is
   * decided without starts and offers; the next claim or tick finds them.
   */
  startsNothing = false

  constructor(options: DeciderOptions) {
    this.#options = options
  }

  /** Another batch comes: of that the store has said nothing. */
  begin(): void {
    this.heldBack.clear()
    this.once.clear()
    this.ending.clear()
    this.ended.clear()
    this.startsNothing = false
  }

  /** The store has said something that only holds for this batch. */
  get wasTold(): boolean {
    const told = [this.heldBack, this.once, this.ending, this.ended]
    return this.startsNothing || told.some(({ size }) => size > 0)
  }

  /** If its decision has `missing`, ask the store about them: see {@link knowing}. */
  make(open: OpenCommands): DecidedAppend {
    const { ledger, clock } = this.#options.log
    const at = clock.mark()
    return this.#madeOf(open, ledger, this.#decide(open), at)
  }

  /**
   * Decides on what the append of another decision will have come to. Nobody hears of it. Undefined: on its own turn there is something to ask,
   * to refuse or to read.
   */
  makeAhead(open: OpenCommands, { ledger }: Decision): DecidedAppend | undefined {
    const at = this.#options.log.clock.mark()
    const decision = this.#decideSome(open, ledger)
    if ('error' in decision || decision.missing !== undefined) return undefined
    if (decision.events.length === 0 || faultyIn(decision.events) !== null) return undefined
    return this.#madeOf(open, ledger, decision, at)
  }

  #madeOf(open: OpenCommands, on: Ledger, decision: Decision, at: number): DecidedAppend {
    return { on, decision, at, request: this.#requestOf(on, decision, open) }
  }

  /** The decision once it is known how these jobs ended. Meanwhile the log may have moved on, and name others. */
  async knowing(missing: ReadonlySet<string>, open: OpenCommands): Promise<DecidedAppend> {
    const { store, log } = this.#options
    const jobIds = [...missing]
    for (let from = 0; from < jobIds.length; from += MOST_ENDINGS) {
      const some = jobIds.slice(from, from + MOST_ENDINGS)
      const found = await store.endings(log.queue, some)
      for (const jobId of some) this.ended.set(jobId, found.get(jobId) ?? null)
    }
    const made = this.make(open)
    return made.decision.missing === undefined ? made : this.knowing(made.decision.missing, open)
  }

  /**
   * If a command cannot be decided, or its event does not read back unchanged, that command alone is refused, and the others are decided
   * without it.
   */
  #decide(open: OpenCommands): Decision {
    for (;;) {
      const decided = this.#decideSome(open)
      const refused = 'error' in decided ? decided : faultyIn(decided.events)
      if (refused === null) return decided as Decision
      if (!open.reject(refused.commandId, refused.error)) throw refused.error
    }
  }

  #decideSome(open: OpenCommands, ledger = this.#options.log.ledger): Decision | RefusedCommand {
    const commands = open.commands()
    const surroundings = this.#surroundings(open.jobCount)
    try {
      return decide(ledger, commands, surroundings)
    } catch (error) {
      return undecidableIn(commands, (some) => decide(ledger, some, surroundings), error)
    }
  }

  /** What would come of a command at this version. Nothing is appended. @throws InterlockError if its events could not be read back */
  preview(command: Command, known: Pick<Surroundings, 'once' | 'ended'>): Decision {
    const decision = decide(this.#options.log.ledger, [command], { ...this.#surroundings(1), ...known })
    const faulty = faultyIn(decision.events)
    if (faulty !== null) throw faulty.error
    return decision
  }

  /** The time at which an append of so many jobs that is decided now arrives, and what else decides about it. */
  #surroundings(jobs: number): Surroundings {
    const { log } = this.#options
    const lead = this.lead.for(jobs, log.clock.leastOutbound, this.startsNothing)
    return {
      now: log.now() + lead,
      clock: log.clock.now() + lead,
      ...(this.startsNothing ? { startsNothing: true } : undefined),
      ...(this.hasLeftStarts ? { looksAtAll: true } : undefined),
      deadWorkers: this.deadWorkers.asSet(),
      heldBack: this.heldBack,
      once: this.once,
      ending: this.ending,
      ended: this.ended,
      reads: this.#options.shapes.reads,
    }
  }

  #requestOf(ledger: Ledger, decision: Decision, open: OpenCommands): AppendRequest {
    const { log, startedData } = this.#options
    const wanted = startedData?.wantedOf(decision)
    return {
      queue: log.queue,
      expectedVersion: ledger.version,
      expectedAt: ledger.lastAt,
      events: decision.events,
      ...(wanted === undefined ? undefined : { wanted }),
      ...(takesIn(decision.events) ? { ofArrivals: true } : undefined),
      changes: {
        ...projectionChanges(ledger, decision.ledger, decision.touched),
        ...dataOf(open.pending(), decision.events),
      },
    }
  }
}

/** Rows are taken in by claiming them first (`takeIn`). */
export const takesIn = (events: Decision['events']): boolean => events.some(isOfRow)
