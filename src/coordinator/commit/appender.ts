import { type Decision, sqlstateOf } from '../../core/index.ts'
import type {
  AppendAnswer,
  AppendRequest,
  AppendRole,
  BeatAnswer,
  StoreTraits,
  WorkerBeat,
} from '../../port/index.ts'
import type { LogView } from '../replica/log-view.ts'
import { checkSame, readOn } from '../replica/read-log.ts'
import type { Crowd } from './crowd.ts'
import type { Decided, Deciding } from './deciding.ts'
import type { OpenCommands } from './open-commands.ts'

export type AppendStore = AppendRole & Pick<StoreTraits, 'frugal'>

/** Heartbeats that go along with appends. */
export interface BeatsAlong {
  /** The next one, if it is time for it. */
  readonly due: () => WorkerBeat | undefined
  /** @param sent when it was sent, by `performance.now()` */
  readonly answered: (answer: BeatAnswer, beat: WorkerBeat, sent: number) => void
}

export interface AppenderOptions {
  readonly log: LogView
  readonly store: AppendStore
  readonly deciding: Deciding
  /** Without it, the process hands no commands in to others. */
  readonly crowd: Crowd | undefined
  readonly beats: BeatsAlong | undefined
  /** Called when an append is under way and the next may be decided on its expected result. */
  readonly onSent: (decision: Decision) => void
}

/** The outcome of a try. `answer: null`: there was nothing to append; `sure`: that was decided at the head. */
export interface Try {
  readonly decision: Decision
  readonly answer: AppendAnswer | null
  readonly sure: boolean
}

/** After this many milliseconds without a sign of another writer, the process assumes that it is alone. */
const ALONE_AFTER_MS = 1_000
/** With more data than this, it decides again without the lock, which would otherwise be held while the data travels. */
const MOST_UNDER_LOCK = 2_000
/** The lock did not come free in time. That says nothing about the link. */
const LOCK_WAIT = '55P03'
/** In milliseconds. An older decision is made again, since its events have old times. */
const MOST_AHEAD_MS = 200
/** In milliseconds: takes no turns for so long after this process was cut off in one, because the link is too slow for them. */
const NO_TURNS_MS = 10_000

/**
 * Decides what to append and sends it, in a way that suits the number of other writers.
 *
 * Alone, it decides first and appends on top of the version it knows: one round trip. Once another process makes it lose an
 * append, one process of the crowd decides for all. If that is not possible, it takes turns: lock, read what was missed, decide,
 * append. So nobody loses for long. ADR 0028 has the numbers.
 */
export class Appender {
  readonly #log: LogView
  readonly #store: AppendStore
  readonly #deciding: Deciding
  readonly #crowd: Crowd | undefined
  readonly #beats: BeatsAlong | undefined
  /** By `performance.now()`: until then there are other writers. */
  #crowdedUntil = Number.NEGATIVE_INFINITY
  #noTurnsUntil = Number.NEGATIVE_INFINITY
  /** Turns taken, and times that it decided for all. */
  turns = 0

  readonly #onSent: (decision: Decision) => void

  constructor({ log, store, deciding, crowd, beats, onSent }: AppenderOptions) {
    this.#log = log
    this.#store = store
    this.#deciding = deciding
    this.#crowd = crowd
    this.#beats = store.frugal === true ? beats : undefined
    this.#onSent = onSent
  }

  /** One try for the open commands. Null: nothing was sent, and the commands still open need another try. */
  async try(open: OpenCommands): Promise<Try | null> {
    const { turn } = this.#store
    if (this.#crowd?.term.isOn === true) return this.#appendForAll(this.#crowd, open)
    if (!this.#isCrowded) return this.#appendAlone(open)
    if (this.#crowd !== undefined && open.mayBeHandedIn) return this.#handIn(this.#crowd, open)
    if (turn !== undefined && performance.now() >= this.#noTurnsUntil) return this.#turn(turn, open)
    return this.#append(open)
  }

  /** Another process writes as well. */
  meetsOthers(): void {
    this.#crowdedUntil = performance.now() + ALONE_AFTER_MS
  }

  /** Nobody decides for all any more, since there was nothing to write: an append that is sent at once is likely to be the only one. */
  leavesOthers(): void {
    this.#crowdedUntil = Number.NEGATIVE_INFINITY
  }

  get #isCrowded(): boolean {
    return performance.now() < this.#crowdedUntil
  }

  /**
   * What it was not told of while another process decided, it has not read. A command that may be in the log already is appended
   * again all the same: the answer says whether it is, and confirms it.
   */
  async #appendAlone(open: OpenCommands): Promise<Try> {
    const { knownVersion, version } = this.#log
    const isNew = !open.isTried && !open.wasHandedIn
    if (this.#crowd !== undefined && knownVersion > version && isNew) await readOn(this.#log, knownVersion)
    return this.#append(open)
  }

  async #appendForAll(crowd: Crowd, open: OpenCommands): Promise<Try | null> {
    await crowd.term.goOn()
    return this.#append(open, crowd)
  }

  /** Does not hand in commands that lead to nothing: a process that looks for work usually finds none. */
  async #handIn(crowd: Crowd, open: OpenCommands): Promise<Try | null> {
    const isBehind = this.#log.knownVersion > this.#log.version
    if (open.mayComeToNothing && !(isBehind && crowd.isTold && !open.wasHandedIn)) {
      const { decision, request } = this.#decide(open)
      if (request === null) return { decision, answer: null, sure: false }
    }
    const { version } = this.#log
    const decides = await crowd.handIn(open)
    if (this.#log.version !== version) this.meetsOthers()
    if (decides) this.turns++
    return decides && open.size > 0 ? this.#appendForAll(crowd, open) : null
  }

  /** @param crowd the processes for which this one decides, if it does */
  async #append(open: OpenCommands, crowd?: Crowd): Promise<Try> {
    const { clock } = this.#log
    const { decided, decision, request } = this.#takeAhead(open) ?? this.#decide(open)
    if (request === null) return { decision, answer: null, sure: false }
    const handled = crowd?.term.handledBy(open, decision, this.#log.ledger)
    const sent = clock.mark()
    const answered = this.#send(handled === undefined ? request : { ...request, handled })
    if (this.mayDecideAhead) this.#onSent(decision)
    const answer = await answered
    this.#deciding.learn(answer, sent, decided)
    return { decision, answer, sure: true }
  }

  /** The append that is sent anyway is a sign of life. */
  async #send(request: AppendRequest): Promise<AppendAnswer> {
    const beat = this.#beats?.due()
    if (beat === undefined) return this.#store.append(request)
    const sent = performance.now()
    const answer = await this.#store.append({ ...request, beat })
    if (answer.ok && answer.beat !== undefined) this.#beats?.answered(answer.beat, beat, sent)
    return answer
  }

  #decide(open: OpenCommands) {
    const decided = this.#log.clock.mark()
    const decision = this.#deciding.decide(open)
    return { decided, decision, request: this.#deciding.request(decision, open) }
  }

  /**
   * Alone, or deciding for all, its next append comes right after the one it has sent. If each call has its price, fewer appends
   * are better.
   */
  get mayDecideAhead(): boolean {
    return (!this.#isCrowded || this.#crowd?.term.isOn === true) && this.#store.frugal !== true
  }

  /** A decision made ahead holds if the ledger has become the expected one, and if it is fresh. */
  #takeAhead(open: OpenCommands): Decided | null {
    const { ahead } = open
    open.ahead = null
    if (ahead === null || ahead.base !== this.#log.ledger) return null
    return this.#log.clock.mark() - ahead.decided <= MOST_AHEAD_MS ? ahead : null
  }

  /**
   * Null if more was missed than a turn reads: then the rest is read without the lock, and the turn is taken again. Null also if
   * there is more to append than should travel under the lock.
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

  /** If the process was cut off because it was slow while it held the lock, it would be again: no turns for a while. */
  #orNoTurns(turn: NonNullable<AppendRole['turn']>): NonNullable<AppendRole['turn']> {
    return async (...args) => {
      try {
        return await turn(...args)
      } catch (error) {
        const waited = sqlstateOf(error) === LOCK_WAIT
        if (!waited) this.#noTurnsUntil = performance.now() + NO_TURNS_MS
        throw error
      }
    }
  }
}
