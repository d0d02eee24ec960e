import {
  type Command,
  type Decision,
  decide,
  isOfRow,
  type JobOutcome,
  type OnceRecord,
  projectionChanges,
  type Surroundings,
} from '../../core/index.ts'
import { faultyIn } from '../../events/index.ts'
import type { AppendAnswer, AppendRequest, AppendRole, WorkerBeat } from '../../store/index.ts'
import { Recent } from '../base/recent.ts'
import { readOn } from '../replica/catch-up.ts'
import type { LogView } from '../replica/log-view.ts'
import type { Combining } from './combining.ts'
import { dataOf } from './data-staging.ts'
import { Lead } from './lead.ts'
import type { OpenCommands } from './open-commands.ts'
import type { StartedData } from './started-data.ts'
import { type RefusedCommand, undecidableIn } from './undecidable.ts'

/** Heartbeats that go along with appends, and what the last one has told. */
export interface BeatsAlong extends SharedShapes {
  /** @param append sends it, with this beat if it is time for one */
  along(append: (beat?: WorkerBeat) => Promise<AppendAnswer>): Promise<AppendAnswer>
}

export interface AppenderOptions {
  readonly log: LogView
  readonly store: AppendRole
  /** The data that handlers need of started jobs; without it, appends bring no data. */
  readonly startedData: StartedData | undefined
  /** Without it, the process publishes no commands. */
  readonly combining: Combining | undefined
  readonly beats: BeatsAlong | undefined
  readonly shapes: SharedShapes
}

/** What may be written. */
export interface SharedShapes {
  /** The newest shape of events that every live process of the queue reads. */
  readonly reads: number
}

/** The outcome of a try. `answer: null`: there was nothing to append; else it took so long to come, in milliseconds. */
export interface AppendTry {
  readonly decision: Decision
  readonly answer: AppendAnswer | null
  readonly tookMs: number
}

/** Of how many jobs one call asks how they ended. */
const MOST_ENDINGS = 10_000

/** How many dead worker processes are remembered. */
const MOST_DEAD = 1_000

/**
 * Decides what to append and sends it, in a way that suits the number of other writers: docs/inside/several-writers.md.
 *
 * Alone, it decides first and appends on top of the version it knows: one round trip. Among others, one process carries out the commands of
 * all. Commands that cannot be published, and all commands over a store that cannot combine, are appended on the version that it knows, and
 * decided again if that is lost.
 *
 * Everything passes here on its way to any store: an event that could not be read back goes no further.
 */
export class Appender {
  readonly #options: AppenderOptions
  readonly #lead = new Lead()
  /** The last append has left to others what could start. */
  #hasLeftStarts = false
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

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** One try for the open commands. Null: nothing was sent, and the commands still open need another try. */
  async try(open: OpenCommands): Promise<AppendTry | null> {
    const { combining } = this.#options
    if (combining?.combines === true) return this.#append(open, combining)
    open.dropOthers()
    if (open.size === 0) return null
    // The answer to an append says whether it was elected.
    if (combining?.mayBeElected === true) return this.#append(open, combining)
    if (combining?.publishes === true && open.mayBePublished) return this.#publish(combining, open)
    return this.#appendAlone(open)
  }

  /**
   * What it was not told of while another process combined, it has not read. A command that may be in the log already is appended
   * again all the same: the answer says whether it is, and confirms it.
   */
  async #appendAlone(open: OpenCommands): Promise<AppendTry> {
    const { log, combining } = this.#options
    const isNew = !open.isTried && !open.isRepeated
    if (combining !== undefined && log.knownVersion > log.version && isNew)
      await readOn(log, log.knownVersion)
    return this.#append(open)
  }

  /** Does not publish commands that lead to nothing: a process that looks for work usually finds none. */
  async #publish(combining: Combining, open: OpenCommands): Promise<AppendTry | null> {
    const { log } = this.#options
    const isBehind = log.knownVersion > log.version
    if (open.mayComeToNothing && !(isBehind && combining.getsAnswers && !open.isRepeated)) {
      const first = this.#decide(open)
      const decision = first.missing === undefined ? first : await this.#knowing(first.missing, open)
      if (decision.events.length === 0) return nothing(decision)
    }
    await combining.publish(open)
    return combining.combines && open.size > 0 ? this.#append(open, combining) : null
  }

  /** @param combining the processes whose commands this one carries out, if it does */
  async #append(open: OpenCommands, combining?: Combining): Promise<AppendTry> {
    const { log } = this.#options
    let decided = log.clock.mark()
    let decision = this.#decide(open)
    if (decision.missing !== undefined) {
      decision = await this.#knowing(decision.missing, open)
      decided = log.clock.mark()
    }
    if (decision.events.length === 0) return nothing(decision)
    const { startsNothing } = this
    const request = this.#requestOf(decision, open)
    const answered = combining?.answeredBy(open, decision, log.ledger)
    const sent = log.clock.mark()
    const began = performance.now()
    const answer = await this.#send(answered === undefined ? request : { ...request, answered })
    const tookMs = performance.now() - began
    this.#options.combining?.appended(tookMs, answer.combines)
    log.clock.sync(answer.now, sent)
    const took = answer.now - log.clock.at(decided)
    const isRefused = !answer.ok && answer.reason === 'clock'
    this.#lead.learn({ jobs: open.jobCount, took, isRefused }, log.clock.leastOutbound)
    if (answer.ok) this.#hasLeftStarts = startsNothing
    return { decision, answer, tookMs }
  }

  /** The decision once it is known how these jobs ended. Meanwhile the log may have moved on, and name others. */
  async #knowing(missing: ReadonlySet<string>, open: OpenCommands): Promise<Decision> {
    const { store, log } = this.#options
    const jobIds = [...missing]
    for (let from = 0; from < jobIds.length; from += MOST_ENDINGS) {
      const some = jobIds.slice(from, from + MOST_ENDINGS)
      const found = await store.endings(log.queue, some)
      for (const jobId of some) this.ended.set(jobId, found.get(jobId) ?? null)
    }
    const decision = this.#decide(open)
    return decision.missing === undefined ? decision : this.#knowing(decision.missing, open)
  }

  /** The append that is sent anyway is a sign of life. */
  #send(request: AppendRequest): Promise<AppendAnswer> {
    const { log, store, beats } = this.#options
    if (!log.looks.goesAlong || beats === undefined) return store.append(request)
    return beats.along((beat) => store.append(beat === undefined ? request : { ...request, beat }))
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

  #decideSome(open: OpenCommands): Decision | RefusedCommand {
    const { ledger } = this.#options.log
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
    const lead = this.#lead.for(jobs, log.clock.leastOutbound, this.startsNothing)
    return {
      now: log.now() + lead,
      clock: log.clock.now() + lead,
      ...(this.startsNothing ? { startsNothing: true } : undefined),
      ...(this.#hasLeftStarts ? { looksAtAll: true } : undefined),
      deadWorkers: this.deadWorkers.asSet(),
      heldBack: this.heldBack,
      once: this.once,
      ending: this.ending,
      ended: this.ended,
      reads: this.#options.shapes.reads,
    }
  }

  #requestOf(decision: Decision, open: OpenCommands): AppendRequest {
    const { log, startedData } = this.#options
    const { ledger } = log
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

const nothing = (decision: Decision): AppendTry => ({ decision, answer: null, tookMs: 0 })

/** Rows are taken in by claiming them first (`takeIn`). */
export const takesIn = (events: Decision['events']): boolean => events.some(isOfRow)
