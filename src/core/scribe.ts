import { settle } from './blocking.ts'
import type { Command } from './command.ts'
import type { Draft } from './draft.ts'
import type { Event, RecordedEvent } from './event.ts'
import { applyEvent } from './evolve.ts'
import type { Micros } from './job.ts'
import { type Job, jobOf, usesSlot } from './ledger.ts'
import { dateOffer, endOffer, offer } from './offers.ts'
import { reserves } from './reservation.ts'

/** What `decide` knows beside the ledger. */
export interface Surroundings {
  /** The time of the queue, as far as the deciding process can tell: the database's clock, unless the log is ahead of it. */
  readonly now: Micros
  /** The database's clock, where that is behind the log; else the same. */
  readonly clock?: Micros | undefined
  /** Worker processes whose lease is known to be gone: nothing is started for them. */
  readonly deadWorkers: ReadonlySet<string>
  /** Jobs that are about to be cancelled: nobody starts them; they are offered, and keep their place. */
  readonly heldBack?: ReadonlySet<string>
}

/**
 * Events of one command after which it starts nothing more: an append takes 25,000. What is left is found by the next claim, question
 * or tick.
 */
const MOST_EVENTS = 20_000

/** What the offers of one command may weigh: an event has 64 KB at most. */
const MOST_OFFERED = 60_000
/** A start may end all offers there are, and each is a row: none is announced on its own beyond so many. */
const MOST_ANNOUNCED = 100
/** In the log, in bytes at most. */
const weightOf = (jobId: string): number => 3 * jobId.length + 4

function keepsModels(draft: Draft, job: Job | undefined): boolean {
  return job !== undefined && usesSlot(job) && (draft.policy.maxOvertakes === 0 || reserves(draft, job))
}

/** Writes down what one command leads to: every event is applied to the draft as it is recorded. */
export class Scribe {
  readonly draft: Draft
  readonly command: Command
  readonly surroundings: Surroundings
  readonly events: RecordedEvent[] = []
  #offered: string[] = []
  #room = MOST_OFFERED
  /** An offer was tried and taken back: the draft may hold traces of it that no event tells of. */
  tookBack = false

  constructor(draft: Draft, command: Command, surroundings: Surroundings) {
    this.draft = draft
    this.command = command
    this.surroundings = surroundings
  }

  get now(): Micros {
    return this.surroundings.now
  }

  /**
   * The time by which a span is over that began then. One that began in a time that is still to come by the clock goes by the time of
   * the log, as it began; any other by the clock: that another one was wrong for a moment ends no attempt.
   */
  nowFor(began: Micros): Micros {
    const { now, clock = now } = this.surroundings
    return began > clock ? now : clock
  }

  record(event: Event): RecordedEvent {
    const recorded = {
      ...event,
      seq: this.draft.version + 1,
      at: Math.max(this.now, this.draft.lastAt + 1),
      commandId: this.command.id,
      commandHash: this.command.hash,
    }
    applyEvent(this.draft, recorded)
    this.events.push(recorded)
    return recorded
  }

  /** No more can be given away by this command: what else is startable is found by the next claim, question or tick. */
  get isFull(): boolean {
    return this.#room <= 0 || this.events.length >= MOST_EVENTS
  }

  /** What has been started needs no announcement. */
  makeRoom(): void {
    this.#offered = this.#offered.filter((jobId) => jobOf(this.draft, jobId)?.active === false)
    this.#room = this.#offered.reduce((room, jobId) => room - weightOf(jobId), MOST_OFFERED)
  }

  /** Announces a startable job to all; it keeps its place for `offerMs`. */
  offer(jobId: string): void {
    const job = jobOf(this.draft, jobId)
    if (job === undefined) return
    offer(this.draft, this.draft.edit(job), this.now)
    this.#offered.push(jobId)
    this.#room -= weightOf(jobId)
  }

  /**
   * Puts on record an offer to which nothing but time has led, of a job that keeps its models from others: unrecorded it would
   * never run out, and they would be kept for ever.
   */
  announce(): void {
    if (this.events.length > 0 || this.draft.offered.size > MOST_ANNOUNCED) return
    const jobId = this.#offered.find((id) => keepsModels(this.draft, jobOf(this.draft, id)))
    if (jobId === undefined) return
    const { workerId } = this.command
    this.record({ type: 'blocked', jobId, reason: 'offered', blockedBy: null, model: null, workerId })
  }

  /** Puts the offers on record with the last event; without an event nothing happened that could be recorded. */
  finish(): readonly RecordedEvent[] {
    const last = this.events.pop()
    if (last === undefined) {
      this.#withdrawAll()
      return this.events
    }
    const offers = this.#offered.filter((jobId) => this.#date(jobId, last.at))
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

  #withdrawAll(): void {
    this.tookBack = this.#offered.length > 0
    for (const jobId of this.#offered) {
      const job = jobOf(this.draft, jobId)
      if (job === undefined) continue
      endOffer(this.draft, job)
    }
    settle(this.draft)
    this.draft.arrived.length = 0
  }
}
