import type { Decision } from '../../core/index.ts'
import type {
  AppendAnswer,
  AppendRequest,
  AppendRole,
  BeatAnswer,
  StoreTraits,
  WorkerBeat,
} from '../../port/index.ts'
import type { LogView } from '../replica/log-view.ts'
import { readOn } from '../replica/read-log.ts'
import type { Combining } from './combining.ts'
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
  /** Without it, the process publishes no commands. */
  readonly combining: Combining | undefined
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

/** In milliseconds. An older decision is made again, since its events have old times. */
const MOST_AHEAD_MS = 200

/**
 * Decides what to append and sends it, in a way that suits the number of other writers: docs/several-writers.md.
 *
 * Alone, it decides first and appends on top of the version it knows: one round trip. Among others, one process carries out the commands of
 * all. Commands that cannot be published, and all commands over a store that cannot combine, are appended on the version that it knows, and
 * decided again if that is lost.
 */
export class Appender {
  readonly #log: LogView
  readonly #store: AppendStore
  readonly #deciding: Deciding
  readonly #combining: Combining | undefined
  readonly #beats: BeatsAlong | undefined
  readonly #onSent: (decision: Decision) => void

  constructor({ log, store, deciding, combining, beats, onSent }: AppenderOptions) {
    this.#log = log
    this.#store = store
    this.#deciding = deciding
    this.#combining = combining
    this.#beats = store.frugal === true ? beats : undefined
    this.#onSent = onSent
  }

  /** One try for the open commands. Null: nothing was sent, and the commands still open need another try. */
  async try(open: OpenCommands): Promise<Try | null> {
    const combining = this.#combining
    if (combining?.combines === true) return this.#append(open, combining)
    open.dropOthers()
    if (open.size === 0) return null
    if (combining?.publishes === true && open.mayBePublished) return this.#publish(combining, open)
    return this.#appendAlone(open)
  }

  /**
   * What it was not told of while another process combined, it has not read. A command that may be in the log already is appended
   * again all the same: the answer says whether it is, and confirms it.
   */
  async #appendAlone(open: OpenCommands): Promise<Try> {
    const { knownVersion, version } = this.#log
    const isNew = !open.isTried && !open.isRepeated
    if (this.#combining !== undefined && knownVersion > version && isNew)
      await readOn(this.#log, knownVersion)
    return this.#append(open)
  }

  /** Does not publish commands that lead to nothing: a process that looks for work usually finds none. */
  async #publish(combining: Combining, open: OpenCommands): Promise<Try | null> {
    const isBehind = this.#log.knownVersion > this.#log.version
    if (open.mayComeToNothing && !(isBehind && combining.isTold && !open.isRepeated)) {
      const { decision, request } = this.#decide(open)
      if (request === null) return { decision, answer: null, sure: false }
    }
    await combining.publish(open)
    return combining.combines && open.size > 0 ? this.#append(open, combining) : null
  }

  /** @param combining the processes whose commands this one carries out, if it does */
  async #append(open: OpenCommands, combining?: Combining): Promise<Try> {
    const { clock } = this.#log
    const { decided, decision, request } = this.#takeAhead(open) ?? this.#decide(open)
    if (request === null) return { decision, answer: null, sure: false }
    const answered = combining?.answeredBy(open, decision, this.#log.ledger)
    const sent = clock.mark()
    const answering = this.#send(answered === undefined ? request : { ...request, answered })
    if (this.mayDecideAhead) this.#onSent(decision)
    const began = performance.now()
    const answer = await answering
    this.#combining?.appendTook(performance.now() - began)
    combining?.appended(answer.combines)
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
   * Alone, or combining, its next append comes right after the one it has sent. If each call has its price, fewer appends
   * are better.
   */
  get mayDecideAhead(): boolean {
    return this.#combining?.publishes !== true && this.#store.frugal !== true
  }

  /** A decision made ahead holds if the ledger has become the expected one, and if it is fresh. */
  #takeAhead(open: OpenCommands): Decided | null {
    const { ahead } = open
    open.ahead = null
    if (ahead === null || ahead.base !== this.#log.ledger) return null
    return this.#log.clock.mark() - ahead.decided <= MOST_AHEAD_MS ? ahead : null
  }
}
