import { type Decision, isInterlockError } from '../../core/index.ts'
import type { AppendAnswer, AppendRole, Handled, StoreTraits } from '../../port/index.ts'
import type { LogView } from '../replica/log-view.ts'
import { checkSame, readOn } from '../replica/read-log.ts'
import type { Crowd } from './crowd.ts'
import type { Decided, Deciding } from './deciding.ts'
import type { OpenCommands } from './open-commands.ts'

export type AppendStore = AppendRole & Pick<StoreTraits, 'frugal'>

export interface AppenderOptions {
  readonly log: LogView
  readonly store: AppendStore
  readonly deciding: Deciding
  /** Without it, nothing is handed in to others. */
  readonly crowd: Crowd | undefined
  /** Told of an append that is under way, when the next may be decided on what it leads to. */
  readonly onSent: (decision: Decision) => void
}

/** What a try came to; `answer: null` when there was nothing to append, `sure` when that was decided at the head. */
export interface Try {
  readonly decision: Decision
  readonly answer: AppendAnswer | null
  readonly sure: boolean
}

/** After so many milliseconds without a sign of another writer the process takes itself to be alone again. */
const ALONE_AFTER_MS = 1_000
/** What is larger is decided again without the lock: it would be held while this travels. */
const MOST_UNDER_LOCK = 2_000
/** The lock did not come free: that says nothing of the link. */
const LOCK_WAIT = '55P03'
/** Milliseconds: what was decided longer ago than this is decided again, since its events have the times of then. */
const MOST_AHEAD_MS = 200
/** Milliseconds without turns after one in which this process was cut off: the link is too slow for them. */
const NO_TURNS_MS = 10_000

/**
 * Decides what is to be appended, and sends it, in the way that fits how many others write.
 *
 * Alone, it decides first and appends on top of the version it knows: one round trip. Once an append is lost to another
 * process, one of the crowd decides for all. Where that is not possible it takes turns: lock, read what was missed, decide,
 * append. So nobody loses for long. ADR 0028 has the numbers.
 */
export class Appender {
  readonly #log: LogView
  readonly #store: AppendStore
  readonly #deciding: Deciding
  readonly #crowd: Crowd | undefined
  /** Until then there are others who write, by `performance.now()`. */
  #crowdedUntil = Number.NEGATIVE_INFINITY
  #noTurnsUntil = Number.NEGATIVE_INFINITY
  /** Turns taken, and times that it decided for all. */
  turns = 0

  readonly #onSent: (decision: Decision) => void

  constructor({ log, store, deciding, crowd, onSent }: AppenderOptions) {
    this.#log = log
    this.#store = store
    this.#deciding = deciding
    this.#crowd = crowd
    this.#onSent = onSent
  }

  /** One try for the open commands; null: nothing was sent, and those that are still open need another one. */
  async try(open: OpenCommands): Promise<Try | null> {
    const { turn } = this.#store
    if (this.#crowd?.isDeciding === true) return this.#appendForAll(this.#crowd, open)
    if (!this.#isCrowded) return this.#append(open)
    if (this.#crowd !== undefined && open.mayBeHandedIn) return this.#handIn(this.#crowd, open)
    if (turn !== undefined && performance.now() >= this.#noTurnsUntil) return this.#turn(turn, open)
    return this.#append(open)
  }

  /** Another process writes as well. */
  meetsOthers(): void {
    this.#crowdedUntil = performance.now() + ALONE_AFTER_MS
  }

  get #isCrowded(): boolean {
    return performance.now() < this.#crowdedUntil
  }

  async #appendForAll(crowd: Crowd, open: OpenCommands): Promise<Try | null> {
    await crowd.goOn()
    return this.#append(open, crowd.handledBy(open))
  }

  /** What would come to nothing is not handed in: a process that looks for work finds none most of the time. */
  async #handIn(crowd: Crowd, open: OpenCommands): Promise<Try | null> {
    if (open.mayComeToNothing) {
      const { decision, request } = this.#decide(open)
      if (request === null) return { decision, answer: null, sure: false }
    }
    const { version } = this.#log
    const decides = await crowd.handIn(open)
    if (this.#log.version !== version) this.meetsOthers()
    if (decides) this.turns++
    return decides && open.size > 0 ? this.#appendForAll(crowd, open) : null
  }

  async #append(open: OpenCommands, handled?: Handled): Promise<Try> {
    const { clock } = this.#log
    const { decided, decision, request } = this.#takeAhead(open) ?? this.#decide(open)
    if (request === null) return { decision, answer: null, sure: false }
    const sent = clock.mark()
    const answered = this.#store.append(handled === undefined ? request : { ...request, handled })
    if (this.mayDecideAhead) this.#onSent(decision)
    const answer = await answered
    this.#deciding.learn(answer, sent, decided)
    return { decision, answer, sure: true }
  }

  #decide(open: OpenCommands) {
    const decided = this.#log.clock.mark()
    const decision = this.#deciding.decide(open)
    return { decided, decision, request: this.#deciding.request(decision, open) }
  }

  /** Alone, or deciding for all, what this process appends next comes right after what it has sent. Where each call has its price, fewer of them are better. */
  get mayDecideAhead(): boolean {
    return (!this.#isCrowded || this.#crowd?.isDeciding === true) && this.#store.frugal !== true
  }

  /** What was decided ahead holds if the ledger has become what was expected, a moment ago at most. */
  #takeAhead(open: OpenCommands): Decided | null {
    const { ahead } = open
    open.ahead = null
    if (ahead === null || ahead.base !== this.#log.ledger) return null
    return this.#log.clock.mark() - ahead.decided <= MOST_AHEAD_MS ? ahead : null
  }

  /**
   * Null when more was missed than a turn reads: then the rest is read without the lock, and the turn taken again. The same when there
   * is more to append than should travel under the lock.
   */
  async #turn(turn: NonNullable<AppendRole['turn']>, open: OpenCommands): Promise<Try | null> {
    const { queue, replica, clock } = this.#log
    let decision: Decision | undefined
    let appending = false
    const sent = clock.mark()
    let decided = sent
    const answer = await this.#orNoTurns(turn)(queue, replica.version, (view) => {
      clock.sync(view.now, sent)
      decided = clock.mark()
      if (view.missed.length > 0) this.meetsOthers()
      checkSame(queue, replica, { ...view, knownAt: view.sinceAt, events: view.missed })
      replica.apply(view.missed)
      open.settleKnown()
      if (replica.version < view.version) return null
      const now = this.#deciding.decide(open)
      if (now.events.length > MOST_UNDER_LOCK) return null
      decision = now
      const request = this.#deciding.request(decision, open)
      appending = request !== null
      return request
    })
    this.turns++
    if (decision === undefined) {
      await readOn(this.#log)
      return replica.version >= answer.version ? this.#append(open) : null
    }
    if (appending) this.#deciding.learn(answer, sent, decided)
    return { decision, answer: appending ? answer : null, sure: true }
  }

  /** Who is slow with the lock in hand is cut off, and would be again. */
  #orNoTurns(turn: NonNullable<AppendRole['turn']>): NonNullable<AppendRole['turn']> {
    return async (...args) => {
      try {
        return await turn(...args)
      } catch (error) {
        const waited = isInterlockError(error) && error.details['sqlstate'] === LOCK_WAIT
        if (!waited) this.#noTurnsUntil = performance.now() + NO_TURNS_MS
        throw error
      }
    }
  }
}
