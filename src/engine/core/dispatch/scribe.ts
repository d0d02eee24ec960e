import { applyEvent } from '../fold/evolve.ts'
import { dateOffer, endOffer, offer, pinOffered, pinTo, pinWhereFree } from '../line/offers.ts'
import { reserves } from '../line/overtaking.ts'
import { settle } from '../needs/blocking.ts'
import type { Draft } from '../state/draft.ts'
import { isInLine, type Job, usesSlot } from '../state/job.ts'
import { jobOf } from '../state/ledger.ts'
import type { Command } from '../values/command.ts'
import type { Event, RecordedEvent } from '../values/event.ts'
import type { JobOutcome, Micros, Places } from '../values/job.ts'
import type { OnceRecord } from '../values/once.ts'
import { EarlierIntake } from './earlier-intake.ts'

/** What `decide` knows beside the ledger. */
export interface Surroundings {
  /** The time of the queue, as far as the deciding process can tell: the database's clock, unless the log is ahead of it. */
  readonly now: Micros
  /** The database's clock, if it is behind the log; else the same. */
  readonly clock?: Micros | undefined
  /** Worker processes whose lease is known to be gone: nothing is started for them. */
  readonly deadWorkers: ReadonlySet<string>
  /** Jobs that are about to be cancelled: nobody starts them. They are offered, and keep their positions. */
  readonly heldBack?: ReadonlySet<string>
  /** Jobs that were enqueued `once`, by id: those that the store has named when it refused an append because of them. */
  readonly once?: ReadonlyMap<string, OnceRecord>
  /**
   * Jobs whose attempt its handler ends in a transaction of its own, which is committed or commits at this moment: the store has named
   * them. Whatever else would end them is left out.
   */
  readonly ending?: ReadonlySet<string>
  /** How jobs ended that others are to come after, by id, as the store said; null: it does not know. */
  readonly ended?: ReadonlyMap<string, JobOutcome | null>
  /**
   * The times of these events may be seconds old when they are stored, so nothing that is counted from its event may begin: nothing
   * is started or offered, and nobody says which places it serves. The next claim or tick finds what could start.
   */
  readonly startsNothing?: boolean
  /** The decision before this one has started nothing. */
  readonly looksAtAll?: boolean
  /** The newest shape of events that every live process of the queue reads; absent: whatever this release writes. */
  readonly reads?: number
}

/**
 * After this many events one command starts nothing more: an append takes 25,000. The next claim, question or tick finds the
 * rest.
 */
const MOST_EVENTS = 20_000

/** The most that the offers of one command may weigh: an event has 64 KB at most. */
const MOST_OFFERED = 60_000
/** A start may end every offer, and each is a row. Beyond this many, none is announced on its own. */
const MOST_ANNOUNCED = 100
/** The bytes it takes in the log, at most. */
const weightOf = (jobId: string): number => 3 * jobId.length + 4

function keepsModels(draft: Draft, job: Job | undefined): boolean {
  return job !== undefined && usesSlot(job) && (draft.policy.maxOvertakes === 0 || reserves(draft, job))
}

/** Records the outcome of one command: every event is applied to the draft as it is recorded. */
export class Scribe {
  readonly draft: Draft
  readonly command: Command
  readonly surroundings: Surroundings
  readonly taken: EarlierIntake
  readonly events: RecordedEvent[] = []
  #offered: string[] = []
  /** Where the jobs were pinned to that it has offered, before it did. */
  #pins: Map<string, Places> | undefined
  #room = MOST_OFFERED
  /** How many offers this command has made, those included that it took itself. */
  offersMade = 0
  /** How many jobs this command has started. */
  started = 0
  /** An offer was tried and taken back: the draft may have traces of it that no event shows. */
  tookBack = false

  /** @param taken by the commands before this one */
  constructor(draft: Draft, command: Command, surroundings: Surroundings, taken = new EarlierIntake()) {
    this.taken = taken
    this.draft = draft
    this.command = command
    this.surroundings = surroundings
  }

  get now(): Micros {
    return this.surroundings.now
  }

  /** Every live process reads this shape of events. */
  mayWrite(shape: number): boolean {
    return shape <= (this.surroundings.reads ?? shape)
  }

  /** The time of the next event. */
  get nextAt(): Micros {
    return Math.max(this.now, this.draft.lastAt + 1)
  }

  /** Whether the handler of the job ends its attempt in a transaction of its own. */
  isEnding(jobId: string): boolean {
    return this.surroundings.ending?.has(jobId) === true
  }

  /**
   * The time for judging a span that began then. A span that began in the clock's future goes by the time of the log, as it
   * began; any other goes by the clock, so that a clock that was wrong for a moment ends no attempt.
   */
  nowFor(began: Micros): Micros {
    const { now, clock = now } = this.surroundings
    return began > clock ? now : clock
  }

  record(event: Event): RecordedEvent {
    const recorded = {
      ...event,
      seq: this.draft.version + 1,
      at: this.nextAt,
      commandId: this.command.id,
      commandHash: this.command.hash,
    }
    applyEvent(this.draft, recorded)
    this.events.push(recorded)
    return recorded
  }

  /** This command can give away no more. The next claim, question or tick finds what else is startable. */
  get isFull(): boolean {
    return this.#room <= 0 || this.events.length >= MOST_EVENTS
  }

  /** Started jobs need no announcement. */
  makeRoom(): void {
    this.#offered = this.#offered.filter((jobId) => jobOf(this.draft, jobId)?.active === false)
    this.#room = this.#offered.reduce((room, jobId) => room - weightOf(jobId), MOST_OFFERED)
  }

  /** Announces a startable job to all; it keeps its position for `offerMs`. */
  offer(jobId: string): void {
    const job = jobOf(this.draft, jobId)
    if (job === undefined) return
    const own = this.draft.edit(job)
    offer(this.draft, own, this.now)
    if (own.places !== null) {
      this.#pins ??= new Map()
      if (!this.#pins.has(jobId)) this.#pins.set(jobId, own.places)
      pinWhereFree(this.draft, own, this.now)
    }
    this.#offered.push(jobId)
    this.offersMade++
    this.#room -= weightOf(jobId)
  }

  /**
   * Records an offer that came about by time alone, for a job that keeps its models from others. Unrecorded it would never run
   * out, and keep them for ever.
   */
  announce(): void {
    if (this.events.length > 0 || this.draft.offered.size > MOST_ANNOUNCED) return
    const jobId = this.#offered.find((id) => keepsModels(this.draft, jobOf(this.draft, id)))
    if (jobId === undefined) return
    const { workerId } = this.command
    this.record({ type: 'blocked', jobId, reason: 'offered', blockedBy: null, model: null, workerId })
  }

  /** Records the offers with the last event. Without an event nothing happened that could be recorded. */
  finish(): readonly RecordedEvent[] {
    const last = this.events.pop()
    if (last === undefined) {
      this.#withdrawAll()
      return this.events
    }
    if (this.#pins !== undefined) this.#unpin(this.#pins)
    const offers = this.#offered.filter((jobId) => this.#date(jobId, last.at))
    if (this.#pins !== undefined) pinOffered(this.draft, offers, last.at)
    this.events.push(offers.length === 0 ? last : { ...last, offers })
    settle(this.draft)
    return this.events
  }

  #date(jobId: string, at: Micros): boolean {
    const job = jobOf(this.draft, jobId)
    if (job === undefined || job.active) return false
    if (job.offeredAt === null) {
      this.tookBack = true
      return false
    }
    dateOffer(this.draft, this.draft.edit(job), at)
    return true
  }

  /** Offers count from its last event. What they were tried for before that leaves no trace. */
  #unpin(pins: ReadonlyMap<string, Places>): void {
    for (const [jobId, places] of pins) {
      const job = jobOf(this.draft, jobId)
      if (job !== undefined && isInLine(job)) pinTo(this.draft, this.draft.edit(job), places)
    }
  }

  #withdrawAll(): void {
    this.tookBack = this.#offered.length > 0
    for (const jobId of this.#offered) {
      const job = jobOf(this.draft, jobId)
      if (job === undefined) continue
      endOffer(this.draft, job)
    }
    if (this.#pins !== undefined) this.#unpin(this.#pins)
    settle(this.draft)
    this.draft.arrived.length = 0
  }
}
