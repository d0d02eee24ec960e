import { type CommandResult, type Decision, isPassing, type Ledger, type Started } from '../../core/index.ts'
import type {
  AnsweredByAppend,
  CombiningRole,
  JobData,
  Publication,
  PublicationMark,
  PublishAnswer,
  PublishedCommand,
  ReceivedAnswers,
} from '../../store/index.ts'
import { atMost } from '../base/retry.ts'
import { readOn } from '../replica/catch-up.ts'
import type { LogView } from '../replica/log-view.ts'
import type { OpenCommands } from './open-commands.ts'
import { OthersCommands } from './others-commands.ts'
import type { Pending } from './pending.ts'

export interface CombiningOptions {
  readonly log: LogView
  readonly combining: CombiningRole
  /** This process, as no other one that writes to the queue is called. */
  readonly name: () => string
  /** Other processes have published these commands, for this one to carry out. */
  readonly onPublished: (commands: readonly Pending[]) => void
  /** Attempts were started for this process, with data that came along. */
  readonly onStarted: (started: readonly Started[], data: readonly JobData[]) => void
  /** Something was started for this process that it does not wait for any more: up to this version it has to read. */
  readonly onUnexpected: (version: number) => void
  /** Who waits to know all that is in the log. While this process waits for an answer, nothing else reads. */
  readonly reads: PolledReads
}

/** Reads that a process makes by its clock, or since a message of the store may be lost. */
export interface PolledReads {
  readonly areWanted: boolean
  /** Reads to the end of the log, once. @throws what the store throws */
  readonly now: () => Promise<void>
}

/**
 * The processes that write to one queue at the same time, as one of them sees it: docs/inside/several-writers.md. Only speed depends on it. What
 * keeps the log correct is the version that each append names.
 */
export class Combining {
  readonly #options: CombiningOptions
  #state: 'alone' | 'waiting' | 'combining' = 'alone'
  #knownAs: string | undefined
  readonly #answerTime = new AnswerTime()
  /** What the last answer took, and under which election. */
  #sample: { readonly ms: number; readonly election: number } | undefined
  /** What it saw at its last look, unless it was answered since. */
  #seen: PublicationMark | null = null
  /** Elections in a row that came to nothing. */
  #barren = 0
  /** The last of its commands were answered in time. */
  #getsAnswers = false
  /** What this process has published and waits for. */
  #waiting: OpenCommands | undefined
  /** It was sent before, and what came of that was not heard. */
  #isRepeat = false
  /** What came of its last publication was not heard: that may have been its election. */
  mayBeElected = false
  /**
   * Of these it was told that nothing came of them. If they are repeated, that may be since the first time took effect: the end of an
   * attempt is refused when the attempt has ended. So the log is asked first.
   */
  readonly #unsure = new Map<string, { readonly result: CommandResult; readonly version: number }>()
  #onAnswer: () => void = () => {}
  #onPoll: () => void = () => {}
  /** The commands of others that it carries out while it combines. */
  readonly #others: OthersCommands
  /** How often it became the combiner. */
  elections = 0

  constructor(options: CombiningOptions) {
    this.#options = options
    this.#others = new OthersCommands(options.onPublished)
  }

  /** It carries out what all have published. */
  get combines(): boolean {
    return this.#state === 'combining'
  }

  /** Nobody else writes, as far as it knows. */
  get isAlone(): boolean {
    return this.#state === 'alone' && !this.mayBeElected
  }

  /** It publishes its commands. */
  get publishes(): boolean {
    return this.#state === 'waiting'
  }

  /** Another process carries out its commands, and tells it what comes of them: it need not know the log. */
  get getsAnswers(): boolean {
    return this.publishes && this.#getsAnswers
  }

  /** Another process writes as well. */
  meetOthers(): void {
    if (this.#state === 'alone') this.#become('waiting')
  }

  /** Commands of these processes were carried out, or need no append. Null: the combiner has resigned. */
  receiveAnswered(senders: readonly string[] | null): void {
    if (this.combines) return
    if (senders === null) this.#learn(this.#sample?.election)
    if (senders === null) this.#become('alone')
    else this.meetOthers()
    if (senders?.includes(this.#name) !== false) this.#onAnswer()
  }

  /**
   * Something may have been missed: so may the answer, and with it a start for this process. While it waits it reads nothing else.
   */
  readWhileWaiting(): void {
    this.#onPoll()
  }

  /** What came of commands that were published here or, over the same store, elsewhere in this process. */
  receiveAnswers({ version, answers, data, isUnconfirmed }: ReceivedAnswers): void {
    if (isUnconfirmed !== true) this.#options.log.confirmed.reach(version)
    const open = this.#waiting
    for (const { commandId, result } of answers) {
      if (open?.has(commandId) !== true || !this.#isOfEpoch(result)) {
        if (this.#isStart(result)) this.#options.onUnexpected(version)
        continue
      }
      this.#getsAnswers = true
      if (this.#isRepeat && !(result.ok && result.changed)) {
        this.#unsure.set(commandId, { result, version })
        continue
      }
      if (result.ok && result.started.length > 0) this.#options.onStarted(result.started, data)
      open.answer(commandId, result, version)
    }
    if (open !== undefined && open.size === this.#unsure.size) this.#onAnswer()
  }

  /** Publishes the open commands, and waits for what comes of them: answers those that are told or in the log. Or this process is elected. */
  async publish(open: OpenCommands): Promise<void> {
    if (!this.#answerTime.isKnown) await this.#timeRead()
    const answered = new Promise<void>((resolve) => (this.#onAnswer = resolve))
    const commands = [...open.pending()].map(({ command, data }) => ({ command, ...(data && { data }) }))
    const waitMs = Math.min(LONGEST_MS, this.#answerTime.waitMs * 2 ** this.#barren)
    const at = performance.now()
    this.#waiting = open
    this.#isRepeat = open.isRepeated || open.isTried
    open.isRepeated = true
    this.#unsure.clear()
    try {
      const sent = { sender: this.#name, commands, waitMs, seen: this.#seen }
      const answer = await this.#send(open, sent)
      if (answer.combines) return
      this.#seen = answer.seen
      this.#barren = answer.barren
      this.#learn(answer.seen.election)
      open.published ??= { at, election: answer.seen.election }
      await this.#awaitAnswer(open, answered, sent)
    } finally {
      // What is under way in an append of its own is answered by that.
      this.#waiting = undefined
    }
  }

  async #send(open: OpenCommands, publication: Publication): Promise<PublishAnswer> {
    const { log, combining } = this.#options
    this.mayBeElected = true
    const answer = await combining.publish(log.queue, publication)
    this.mayBeElected = false
    if (answer.combines) await this.#elected(open, answer)
    return answer
  }

  /** It has appended nothing yet. With too short a wait it would take the place of a combiner whose append is under way. */
  async #timeRead(): Promise<void> {
    const began = performance.now()
    await readOn(this.#options.log)
    this.appended(performance.now() - began)
  }

  async #elected(
    open: OpenCommands,
    { version, published }: PublishAnswer & { combines: true },
  ): Promise<void> {
    const { log } = this.#options
    this.#combine()
    open.isWaiting = false
    this.#others.take(published)
    log.head.receive(version)
    if (version !== log.version) await readOn(log, version)
    open.settleKnown()
  }

  async #awaitAnswer(open: OpenCommands, answered: Promise<void>, sent: Publication): Promise<void> {
    const { size } = open
    open.isWaiting = true
    const isAnswered = size > 0 && (await this.#answeredOrFound(open, answered, sent))
    if (this.combines) return
    if (open.size > 0) await readOn(this.#options.log)
    open.settleKnown()
    for (const [commandId, { result, version }] of this.#unsure) open.answer(commandId, result, version)
    if (open.size === size) this.#getsAnswers = false
    else {
      const { published } = open
      const isSample = published !== undefined && published.election === this.#seen?.election
      // What was found by its own look took as long as the wait at most. Learned from, the wait would grow by itself where nobody is told.
      if (isAnswered && isSample)
        this.#sample = { ms: performance.now() - published.at, election: published.election }
      // If nothing can be learned, the wait stays as long as it had to become.
      if (!isAnswered || isSample) this.#barren = 0
      this.#seen = null
    }
  }

  /** What the last answer took counts if no election fell into that time (Karn and Partridge 1987). @param election the one of now */
  #learn(election: number | undefined): void {
    if (this.#sample && this.#sample.election === election) this.#answerTime.learn(this.#sample.ms)
    this.#sample = undefined
  }

  /**
   * Resolves when it is told, when a poll finds something in the log, or when it is time to look: then to false. Of a command that came to
   * nothing the log tells nothing. So after every third poll that finds nothing it asks too. That replaces no combiner but one whose connection is gone.
   */
  async #answeredOrFound(open: OpenCommands, answered: Promise<void>, sent: Publication): Promise<boolean> {
    const { reads } = this.#options
    const { size } = open
    const until = performance.now() + sent.waitMs
    for (let polls = 0; ; ) {
      // One may have come while the publication was on its way.
      const polled = reads.areWanted ? undefined : new Promise<void>((resolve) => (this.#onPoll = resolve))
      const isInTime = await atMost(Math.max(0, until - performance.now()), Promise.race([answered, polled]))
      const isPolled = reads.areWanted
      if (isPolled) await reads.now().catch(throwUnlessPassing)
      open.settleKnown()
      if (!isPolled || open.size < size) return isInTime
      if (++polls % POLLS !== 0 || performance.now() >= until) continue
      this.#isRepeat = true
      const answer = await this.#send(open, { ...sent, seen: OF_NO_ELECTION })
      if (answer.combines) return true
    }
  }

  /** What an append of this decision finishes. @param before the ledger that it was made on */
  answeredBy(open: OpenCommands, decision: Decision, before: Ledger): AnsweredByAppend {
    return { combiner: this.#name, ...this.#others.answeredBy(open, decision, before) }
  }

  /**
   * An append of its own has taken so long. An answer takes about two: the one under way, and the one that carries it.
   * @param combines false: another process is the combiner
   */
  appended(ms: number, combines?: boolean): void {
    this.mayBeElected = false
    if (combines === true && !this.combines) this.#combine()
    if (!this.combines || combines !== false) this.#answerTime.learn(2 * ms)
    if (combines === false && !this.publishes) this.#become('waiting')
  }

  /** The append with {@link answeredBy} was carried out. @param published what waits now */
  carried(open: OpenCommands, published: readonly PublishedCommand[]): void {
    this.#others.carried(open.commands())
    if (this.combines) this.#others.take(published)
  }

  /** There is nothing to write: stops combining, unless something was published meanwhile. If this fails, it is done at the next poll. */
  async resign(): Promise<void> {
    if (!this.combines) return
    const { log, combining } = this.#options
    const finished = this.#others.finished()
    const answer = await combining
      .resign(log.queue, { combiner: this.#name, ...finished })
      .catch(() => undefined)
    // The server may still name this process, and others would wait for it.
    if (answer === undefined) return
    this.#others.forget(finished.done)
    if (answer.combines) this.#others.take(answer.published)
    else this.#become('alone')
  }

  /** The process keeps its first name, even if it loses its lease. */
  get #name(): string {
    this.#knownAs ??= this.#options.name()
    return this.#knownAs
  }

  #combine(): void {
    this.elections++
    this.#become('combining')
  }

  #become(state: 'alone' | 'waiting' | 'combining'): void {
    this.#state = state
    this.#seen = null
    this.#sample = undefined
    this.#barren = 0
    this.mayBeElected = false
    this.#getsAnswers = false
    if (state !== 'combining') this.#others.drop()
  }

  #isStart(result: CommandResult): boolean {
    return result.ok && result.started.some(({ workerId }) => workerId === this.#options.name())
  }

  /** Of another epoch the log tells. */
  #isOfEpoch(result: CommandResult): boolean {
    const { epoch } = this.#options.log.ledger
    return !result.ok || result.started.every(({ lease }) => lease.epoch === epoch)
  }
}

/** It is read again, at the latest when it is time to look. */
function throwUnlessPassing(error: unknown): void {
  if (!isPassing(error)) throw error
}

/** After so many polls that have found nothing, a process asks. An answer that is only slow has come by then, in most cases. */
const POLLS = 3

/** What no process has seen: elections are counted from 1. */
const OF_NO_ELECTION: PublicationMark = { election: 0, oldest: null }

/** The longest that PostgreSQL is told: a day. */
const LONGEST_MS = 86_400_000

/** How many deviations from the usual time an answer may take before the process looks after it. */
const DEVIATIONS = 8

/**
 * How long a process waits for an answer before it looks after it: a multiple of what answers take here and now, as TCP judges whether a
 * segment is lost (RFC 6298).
 */
class AnswerTime {
  #usual = 0
  #deviation = 0

  get isKnown(): boolean {
    return this.#usual > 0
  }

  /** Until it looks. */
  get waitMs(): number {
    return Math.max(1, this.#usual + DEVIATIONS * this.#deviation)
  }

  learn(ms: number): void {
    if (this.#usual === 0) {
      this.#usual = ms
      this.#deviation = ms / 2
      return
    }
    this.#deviation += (Math.abs(ms - this.#usual) - this.#deviation) / 4
    this.#usual += (ms - this.#usual) / 8
  }
}
