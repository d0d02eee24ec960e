import type { CommandResult, Decision, Ledger, Started } from '../../core/index.ts'
import type { DecidingRole, HandedIn, HandledByAppend, HeardAnswers, JobData } from '../../port/index.ts'
import type { LogView } from '../replica/log-view.ts'
import { readOn } from '../replica/read-log.ts'
import { AnswerWait } from './answer-wait.ts'
import type { OpenCommands, Pending } from './open-commands.ts'
import { concernOf, type Finished, handledOf } from './told.ts'

/**
 * How long a process decides for all before it has to extend that, in milliseconds. If its appends are slow, four of them: on an
 * overloaded machine one process after the other would otherwise take over, and none would get anything done. Longer by the time to
 * read each event that it has missed.
 */
const TERM = { leastMs: 200, mostMs: 2_000, appends: 4, readMs: 0.02 }
/** How long after an answer a process relies on being told of what concerns it. */
const RELY_MS = 1_000

export interface CrowdOptions {
  readonly log: LogView
  readonly deciding: DecidingRole
  /** Unique in the crowd. */
  readonly name: () => string
  /** Other processes handed in these commands, for this process to carry out. */
  readonly onHanded: (commands: readonly Pending[]) => void
  /** Another process decides for all. */
  readonly onOthers: () => void
  /** Nobody decides for all any more. */
  readonly onNobody: () => void
  /** Attempts were started for this process, with data that came along. */
  readonly onStarted: (started: readonly Started[], data: readonly JobData[]) => void
  /** Something was started for this process that it does not wait for any more: up to this version it has to read. */
  readonly onUnexpected: (version: number) => void
}

/**
 * The processes that write to one queue at the same time, as one of them sees it. One decides for all while there is something to
 * write; the others hand it their commands, and find the results in the log. This only saves lost appends. What keeps the log
 * correct is the version that each append names.
 */
export class Crowd {
  readonly #options: CrowdOptions
  #knownAs: string | undefined
  #termMs = TERM.leastMs
  /** Until when this process decides for all, and when its last append began; both by `performance.now()`. */
  #until = Number.NEGATIVE_INFINITY
  #beganAt = Number.NEGATIVE_INFINITY
  /** Commands of others, by id, that are not in the log yet and may need an append. */
  readonly #inHand = new Map<string, HandedIn>()
  /** Commands that need no append any more, and whose senders do not know that yet. */
  #settled: Finished[] = []
  /** What this process has handed in and waits for. */
  #waiting: OpenCommands | undefined
  /** They were sent before, and what came of that was not heard. */
  #isRepeated = false
  /**
   * Of these it was told that nothing came of them. If they were repeated, that may be since the first time took effect: the end of
   * an attempt is refused when the attempt has ended. So the log is asked first.
   */
  readonly #unsure = new Map<string, CommandResult>()
  #onTold: () => void = () => {}
  #toldAt = Number.NEGATIVE_INFINITY
  readonly #answerWait = new AnswerWait()

  constructor(options: CrowdOptions) {
    this.#options = options
  }

  /** The process keeps its first name, even if it loses its lease. */
  get #name(): string {
    this.#knownAs ??= this.#options.name()
    return this.#knownAs
  }

  get isDeciding(): boolean {
    return performance.now() < this.#until
  }

  /** Another process decides for this one too, and tells it what comes of its commands: it need not know the log. */
  get isTold(): boolean {
    return !this.isDeciding && performance.now() - this.#toldAt < RELY_MS
  }

  /**
   * One process decides for all: commands that these processes handed in were carried out, or need no append. Null: it has resigned, since
   * nobody had anything to write.
   */
  hear(senders: readonly string[] | null): void {
    if (senders === null) this.#options.onNobody()
    else if (senders.includes(this.#name)) this.#onTold()
    else this.#options.onOthers()
  }

  /** What came of commands that were handed in here or, over the same store, elsewhere in this process. */
  hearAnswers({ version, answers, data }: HeardAnswers): void {
    // Where commits wait for a standby, an answer counts when the standby has it: so it is read, and waited for.
    if (this.#options.deciding.mustBeReplicated?.() === true) {
      if (answers.some(({ result }) => this.#isStart(result))) this.#options.onUnexpected(version)
      return this.#onTold()
    }
    const open = this.#waiting
    for (const { commandId, result } of answers) {
      if (open?.has(commandId) !== true || !this.#isOfEpoch(result)) {
        if (this.#isStart(result)) this.#options.onUnexpected(version)
        continue
      }
      this.#toldAt = performance.now()
      this.#options.onOthers()
      if (this.#isRepeated && !(result.ok && result.changed)) {
        this.#unsure.set(commandId, result)
        continue
      }
      if (result.ok && result.started.length > 0) this.#options.onStarted(result.started, data)
      open.answer(commandId, result)
    }
    if (open !== undefined && open.size === this.#unsure.size) this.#onTold()
  }

  #isStart(result: CommandResult): boolean {
    return result.ok && result.started.some(({ workerId }) => workerId === this.#options.name())
  }

  /** Of another epoch the log tells. */
  #isOfEpoch(result: CommandResult): boolean {
    const { epoch } = this.#options.log.ledger
    return !result.ok || result.started.every(({ lease }) => lease.epoch === epoch)
  }

  /**
   * Hands the open commands in, waits until some of them are finished, and answers those that are in the log. True: no process
   * decided, so this one does from now on, for these commands too.
   */
  async handIn(open: OpenCommands): Promise<boolean> {
    const { log, deciding } = this.#options
    const told = new Promise<void>((resolve) => (this.#onTold = resolve))
    const commands = [...open.pending()].map(({ command, data }) => ({ command, ...(data && { data }) }))
    const sent = performance.now()
    const forMs = this.#firstTermMs
    this.#waiting = open
    this.#isRepeated = open.wasHandedIn || open.isTried
    this.#unsure.clear()
    try {
      const answer = await deciding.handIn(log.queue, { sender: this.#name, forMs, commands })
      open.isWaiting = !answer.decides
      if (answer.decides) {
        this.#until = sent + forMs
        this.#take(answer.handed, open)
        log.head.hear(answer.version)
        if (answer.version !== log.version) await readOn(log, answer.version)
      } else {
        open.wasHandedIn = true
        if (open.size > 0) await this.#answerWait.wait(told)
        if (open.size > 0) await this.#readConfirmed()
      }
      open.settleKnown()
      for (const [commandId, result] of this.#unsure) open.answer(commandId, result)
      return answer.decides
    } finally {
      // What is under way in an append of its own is answered by that.
      this.#waiting = undefined
    }
  }

  /** Who becomes the one first reads what it has missed, and nobody else should take its place meanwhile. */
  get #firstTermMs(): number {
    const { knownVersion, version } = this.#options.log
    return Math.min(TERM.mostMs, this.#termMs + Math.ceil((knownVersion - version) * TERM.readMs))
  }

  /** Another process has committed them: what the server said to it of its standby, nobody said here. */
  async #readConfirmed(): Promise<void> {
    const { log, deciding } = this.#options
    await readOn(log)
    await deciding.replicated?.()
  }

  /** Called before each append. Extends its time to decide, early enough. */
  async goOn(): Promise<void> {
    const now = performance.now()
    const took = now - this.#beganAt
    this.#beganAt = now
    if (took < TERM.mostMs)
      this.#termMs = Math.min(TERM.mostMs, Math.max(TERM.leastMs, Math.ceil(TERM.appends * took)))
    if (now > this.#until - this.#termMs / 2) await this.#pickUp(false)
  }

  /** There is nothing to write: stops deciding, unless something was handed in meanwhile. */
  async resign(): Promise<void> {
    // If this fails, its time runs out by itself.
    if (!this.isDeciding) return
    await this.#pickUp(true).catch(() => (this.#until = Number.NEGATIVE_INFINITY))
    if (!this.isDeciding) this.#options.onNobody()
  }

  /** The handed-in commands that an append of this decision finishes. @param before the ledger that it was made on */
  handledBy(open: OpenCommands, decision: Decision, before: Ledger): HandledByAppend {
    const commands = open.commands()
    const carried = commands.flatMap(({ id }, i): Finished[] => {
      const one = this.#inHand.get(id)
      return one === undefined ? [] : [{ one, result: decision.results[i] }]
    })
    return { ...handledOf([...carried, ...this.#settled]), concern: concernOf(decision, commands, before) }
  }

  /** The append with {@link handledBy} was carried out. */
  carried(open: OpenCommands, handed: readonly HandedIn[] = []): void {
    for (const { command } of open.pending()) this.#inHand.delete(command.id)
    this.#settled = []
    this.#take(handed)
  }

  async #pickUp(resigns: boolean): Promise<void> {
    const { log, deciding } = this.#options
    const settled = this.#settled
    this.#settled = []
    const sent = performance.now()
    const finished = settled.map(({ one }) => ({ one }))
    const { done, senders } = handledOf(finished)
    const options = { decider: this.#name, forMs: this.#termMs, resigns, done, senders }
    const { decides, handed } = await deciding.pickUp(log.queue, options)
    this.#until = decides ? sent + this.#termMs : Number.NEGATIVE_INFINITY
    if (!decides) this.#beganAt = Number.NEGATIVE_INFINITY
    this.#take(handed)
  }

  /** A command that is handed in again while it is in hand is answered once. @param own those of this process, which it has anyhow */
  #take(handed: readonly HandedIn[], own?: OpenCommands): void {
    const others: HandedIn[] = []
    for (const one of handed) {
      const { id } = one.command
      if (own?.has(id) === true) this.#settled.push({ one })
      else if (!this.#inHand.has(id)) others.push(one)
    }
    for (const one of others) this.#inHand.set(one.command.id, one)
    if (others.length > 0) this.#options.onHanded(others.map((one) => this.#pendingOf(one)))
  }

  #pendingOf(one: HandedIn): Pending {
    const { command, data } = one
    const settle = (result?: CommandResult) => {
      if (this.#inHand.delete(command.id)) this.#settled.push({ one, result })
    }
    const weight = data === undefined ? 0 : JSON.stringify(data).length
    return { command, weight, resolve: settle, reject: () => settle(), ...(data && { data }) }
  }
}
