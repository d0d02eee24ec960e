import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api'
import {
  type Ledger,
  MICROS_PER_MS,
  MICROS_PER_SECOND,
  type Micros,
  type QueueChange,
  type Started,
} from '../../engine/core/index.ts'
import type { FollowedQueue } from '../../engine/store/index.ts'
import type { Wait, WaitPart } from '../insight/index.ts'
import { type Moment, momentsOf } from '../insight/stats/moments.ts'
import { WaitClocks } from '../insight/stats/wait-clocks.ts'
import { attemptAttributes } from './attributes.ts'
import { type Operation, withLinks } from './operation.ts'

/**
 * What the jobs of a queue wait for while this process follows it, so that it can tell for those that it starts. Nothing is written and
 * nothing is read for it, and of a wait that nobody asks about only its beginning and its end are noted.
 */
export class WaitTrail {
  readonly #queue: FollowedQueue
  readonly #clocks = new WaitClocks({
    tellsParts: true,
    onWait: (wait, by) => {
      if (by?.type === 'started' && by.workerId === this.#queue.workerId()) this.#close(by.seq, wait)
    },
  })
  #ledger: Ledger
  /** Waits that attempts of this process ended and that have not been told, by the token of the attempt. */
  readonly #over = new Map<number, Wait>()
  /** Attempts that run before their start has been folded here: another process decided it, and told this one. */
  readonly #ahead = new Map<number, (wait: Wait) => void>()

  constructor(queue: FollowedQueue) {
    this.#queue = queue
    this.#ledger = queue.ledger()
    this.#begin()
    queue.follow((change) => this.#see(change))
  }

  /** Tells the wait that this start has ended, once: now, or when its start has been folded here; not at all if it is not known. */
  tell({ lease: { fencingToken } }: Started, tell: (wait: Wait) => void): void {
    const wait = this.#over.get(fencingToken)
    if (wait !== undefined) {
      this.#over.delete(fencingToken)
      tell(wait)
    } else if (fencingToken > this.#ledger.version) this.#ahead.set(fencingToken, tell)
  }

  /** Nobody will ask about the wait that this start has ended. */
  forget({ lease }: Started): void {
    this.#over.delete(lease.fencingToken)
  }

  #begin(): void {
    const { ledger, now } = this.#queue
    this.#over.clear()
    this.#ahead.clear()
    this.#ledger = ledger()
    this.#clocks.begin(this.#ledger, now())
  }

  #close(token: number, wait: Wait): void {
    const tell = this.#ahead.get(token)
    if (tell === undefined) this.#over.set(token, wait)
    else {
      this.#ahead.delete(token)
      tell(wait)
    }
  }

  #see(change: QueueChange): void {
    // It has gone on from a snapshot: nobody knows what happened up to there.
    if (change.events.length === 0) return this.#begin()
    for (const moment of momentsOf(this.#ledger, change)) this.#take(moment)
    this.#ledger = change.ledger
  }

  #take({ events, ledger, touched }: Moment): void {
    for (const event of events) {
      if (this.#over.size > 0 && 'token' in event && event.token !== null) this.#over.delete(event.token)
      this.#clocks.note(event)
    }
    this.#clocks.look(ledger, touched, ledger.lastAt)
  }
}

/** A shorter wait is none: the job was started by the very append that put it in line, or by the next one. */
const LEAST_MICROS = MICROS_PER_MS

interface WaitSpan {
  readonly operation: Operation
  readonly started: Started
  readonly waited: Wait
  readonly parent: Context
  readonly links: readonly Link[]
  /** The time of the queue: the wait was measured by it, and is told by the clock of this process. */
  readonly now: () => Micros
}

/** The wait as a span, with one event for each thing that the job waited for, if it did wait. */
export function addWait(tracer: Tracer, { operation, started, waited, parent, links, now }: WaitSpan): void {
  const { since, to } = waited
  if (to - since < LEAST_MICROS) return
  const ahead = now() - Date.now() * MICROS_PER_MS
  const startTime = hrTime(since - ahead)
  const span = tracer.startSpan(operation.name, { ...withLinks(operation, links), startTime }, parent)
  if (span.isRecording()) describe(span, started, waited, ahead)
  span.end(hrTime(to - ahead))
}

/** @param ahead how far the time of the queue is ahead of the clock of this process */
function describe(span: Span, started: Started, waited: Wait, ahead: Micros): void {
  const { since, from } = waited
  const at = (micros: Micros): [number, number] => hrTime(micros - ahead)
  span.setAttributes(attemptAttributes(started))
  span.setAttributes(sums(waited.byCause, from - since))
  if (from > since)
    span.addEvent('wait.unseen', { 'interlock.wait.seconds': seconds(from - since) }, at(since))
  for (const part of waited.parts) span.addEvent(`wait.${part.cause}`, of(part), at(part.from))
}

/** How long it waited for what: exact, and as many as there are causes. */
function sums(byCause: Wait['byCause'], unseen: Micros): Attributes {
  const attributes: Attributes = {}
  for (const [cause, micros] of Object.entries(byCause))
    attributes[`interlock.wait.${cause}.seconds`] = seconds(micros)
  if (unseen > 0) attributes['interlock.wait.unseen.seconds'] = seconds(unseen)
  return attributes
}

function of({ code, model, blockedBy, from, to }: WaitPart): Attributes {
  return {
    'interlock.reason': code,
    'interlock.wait.seconds': seconds(to - from),
    ...(model === null ? undefined : { 'interlock.model': model }),
    ...(blockedBy === null ? undefined : { 'interlock.blocked_by': blockedBy }),
  }
}

const seconds = (micros: Micros): number => micros / MICROS_PER_SECOND

/** Seconds and nanoseconds: what a number of milliseconds would round. */
function hrTime(micros: Micros): [number, number] {
  const whole = Math.floor(micros / MICROS_PER_SECOND)
  return [whole, Math.round((micros - whole * MICROS_PER_SECOND) * 1_000)]
}
