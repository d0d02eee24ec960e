import type { Decision } from '../../core/index.ts'
import type { AppendAnswer, AppendRequest, AppendRole, WorkerBeat } from '../../store/index.ts'
import { readOn } from '../replica/catch-up.ts'
import type { LogView } from '../replica/log-view.ts'
import type { Combining } from './combining.ts'
import type { DecidedAppend, Decider, SharedShapes } from './decider.ts'
import type { OpenCommands } from './open-commands.ts'

/** Heartbeats that go along with appends, and what the last one has told. */
export interface BeatsAlong extends SharedShapes {
  /** @param append sends it, with this beat if it is time for one */
  along(append: (beat?: WorkerBeat) => Promise<AppendAnswer>): Promise<AppendAnswer>
}

export interface AppenderOptions {
  readonly log: LogView
  readonly store: AppendRole
  readonly decider: Decider
  /** Without it, the process publishes no commands. */
  readonly combining: Combining | undefined
  readonly beats: BeatsAlong | undefined
}

/** The outcome of a try. `answer: null`: there was nothing to append; else it took so long to come, in milliseconds. */
export interface AppendTry {
  readonly decision: Decision
  readonly answer: AppendAnswer | null
  readonly tookMs: number
}

/** An append that is under way. */
interface Sent {
  readonly answer: Promise<AppendAnswer>
  /** When it was sent: by the marks of the database's clock, and by `performance.now()`. */
  readonly mark: number
  readonly began: number
}

/** What was decided longer ago is decided again. Where answers take long, its times would be too old, and it would save little. */
const MOST_AGE_MS = 250

/**
 * Sends what was decided, in a way that suits the number of other writers: docs/inside/several-writers.md.
 *
 * Alone, it decides first and appends on top of the version it knows: one round trip. Among others, one process carries out the commands of
 * all. Commands that cannot be published, and all commands over a store that cannot combine, are appended on the version that it knows, and
 * decided again if that is lost.
 */
export class Appender {
  readonly #options: AppenderOptions
  /** The decision whose append is under way, if the next one may be made on it. */
  #underWay: Decision | undefined
  /** Sent before its turn: see {@link sendAhead}. */
  #ahead: { readonly open: OpenCommands; readonly made: DecidedAppend; readonly sent: Sent } | undefined

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** One try for the open commands. Null: nothing was sent, and the commands still open need another try. */
  async try(open: OpenCommands): Promise<AppendTry | null> {
    const { combining } = this.#options
    if (this.isSent(open)) return this.#append(open)
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
    const { log, decider } = this.#options
    const isBehind = log.knownVersion > log.version
    if (open.mayComeToNothing && !(isBehind && combining.getsAnswers && !open.isRepeated)) {
      let { decision } = decider.make(open)
      const { missing } = decision
      if (missing !== undefined) decision = (await decider.knowing(missing, open)).decision
      if (decision.events.length === 0) return nothing(decision)
    }
    await combining.publish(open)
    return combining.combines && open.size > 0 ? this.#append(open, combining) : null
  }

  /** @param combining the processes whose commands this one carries out, if it does */
  async #append(open: OpenCommands, combining?: Combining): Promise<AppendTry> {
    const { log, decider } = this.#options
    const ahead = this.isSent(open) ? this.#ahead : undefined
    this.#ahead = undefined
    let made = ahead?.made ?? decider.make(open)
    const { missing } = made.decision
    if (missing !== undefined) made = await decider.knowing(missing, open)
    const { decision, request } = made
    if (decision.events.length === 0) return nothing(decision)
    const { startsNothing } = decider
    const answered = combining?.answeredBy(open, decision, log.ledger)
    const sent = ahead?.sent ?? this.#sent(answered === undefined ? request : { ...request, answered })
    this.#underWay = this.#isPlain ? decision : undefined
    const answer = await sent.answer.finally(() => (this.#underWay = undefined))
    const tookMs = performance.now() - sent.began
    this.#options.combining?.appended(tookMs, answer.combines)
    log.clock.sync(answer.now, sent.mark)
    // What was decided ahead has waited for its turn.
    const took = answer.now - log.clock.at(ahead === undefined ? made.at : sent.mark)
    const isRefused = !answer.ok && answer.reason === 'clock'
    decider.lead.learn({ jobs: open.jobCount, took, isRefused }, log.clock.leastOutbound)
    if (answer.ok) decider.hasLeftStarts = startsNothing
    return { decision, answer, tookMs }
  }

  /** Nobody else writes, as far as it knows, and the next batch can be decided by what this one was. */
  get #isPlain(): boolean {
    const { combining, log, decider } = this.#options
    return combining?.isAlone !== false && !decider.wasTold && !log.isAhead
  }

  /** Decides commands on what the append under way will have come to. Undefined: they have to wait for its answer. */
  makeAhead(open: OpenCommands): DecidedAppend | undefined {
    if (this.#underWay === undefined) return undefined
    open.dropOthers()
    return this.#options.decider.makeAhead(open, this.#underWay)
  }

  /**
   * The append before it is in the log, and folded: sends what was decided on that. Its turn comes later: then its answer is awaited.
   * @returns false: it has to be decided again
   */
  sendAhead(open: OpenCommands, made: DecidedAppend): boolean {
    const { log } = this.#options
    const isOld = log.clock.mark() - made.at > MOST_AGE_MS
    if (made.on !== log.ledger || log.knownVersion > log.version || isOld || !this.#isPlain) return false
    const sent = this.#sent(made.request)
    // Who awaits the answer hears of it too.
    sent.answer.catch(() => {})
    this.#ahead = { open, made, sent }
    return true
  }

  /** Its append is under way, though its turn may not have come. */
  isSent(open: OpenCommands): boolean {
    return this.#ahead?.open === open
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined
  }

  #sent(request: AppendRequest): Sent {
    const mark = this.#options.log.clock.mark()
    return { mark, began: performance.now(), answer: this.#send(request) }
  }

  /** The append that is sent anyway is a sign of life. */
  #send(request: AppendRequest): Promise<AppendAnswer> {
    const { log, store, beats } = this.#options
    if (!log.looks.goesAlong || beats === undefined) return store.append(request)
    return beats.along((beat) => store.append(beat === undefined ? request : { ...request, beat }))
  }
}

const nothing = (decision: Decision): AppendTry => ({ decision, answer: null, tookMs: 0 })
