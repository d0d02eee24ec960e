import type { CommandResult, Started } from '../../core/index.ts'
import type { Handings, HeardAnswers, JobData } from '../../port/index.ts'
import { readOn } from '../replica/read-log.ts'
import { AnswerWait } from './answer-wait.ts'
import { DeciderLine } from './decider-line.ts'
import type { OpenCommands } from './open-commands.ts'
import { Term, type TermOptions } from './term.ts'

/** How long after an answer a process relies on being told of what concerns it. */
const RELY_MS = 1_000

export interface CrowdOptions extends TermOptions {
  /** Another process decides for all. */
  readonly onOthers: () => void
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
  /** What this process has handed in and waits for. */
  #waiting: OpenCommands | undefined
  /** They were sent before, and what came of that was not heard. */
  #isRepeated = false
  /**
   * Of these it was told that nothing came of them. If they were repeated, that may be since the first time took effect: the end of
   * an attempt is refused when the attempt has ended. So the log is asked first.
   */
  readonly #unsure = new Map<string, { readonly result: CommandResult; readonly version: number }>()
  #onTold: () => void = () => {}
  #toldAt = Number.NEGATIVE_INFINITY
  readonly #answerWait = new AnswerWait()
  readonly #line: DeciderLine
  /** While this process decides for all. */
  readonly term: Term

  constructor(options: CrowdOptions) {
    this.#options = options
    this.#line = new DeciderLine(options.deciding, options.log.queue)
    this.term = new Term({ ...options, name: () => this.#name })
  }

  /** The process keeps its first name, even if it loses its lease. */
  get #name(): string {
    this.#knownAs ??= this.#options.name()
    return this.#knownAs
  }

  /** Another process decides for this one too, and tells it what comes of its commands: it need not know the log. */
  get isTold(): boolean {
    return !this.term.isOn && performance.now() - this.#toldAt < RELY_MS
  }

  /**
   * One process decides for all: commands that these processes handed in were carried out, or need no append. Null: it has resigned, since
   * nobody had anything to write.
   */
  hear(senders: readonly string[] | null): void {
    if (senders === null) {
      this.#line.learn(undefined)
      this.#options.onNobody()
    }
    // Who has resigned does not carry out what it was told.
    if (senders?.includes(this.#name) !== false) this.#onTold()
    else this.#options.onOthers()
  }

  /** What came of commands that were handed in here or, over the same store, elsewhere in this process. */
  hearAnswers({ version, answers, data, isUnconfirmed }: HeardAnswers): void {
    if (isUnconfirmed !== true) this.#options.log.confirmed.reach(version)
    const open = this.#waiting
    for (const { commandId, result } of answers) {
      if (open?.has(commandId) !== true || !this.#isOfEpoch(result)) {
        if (this.#isStart(result)) this.#options.onUnexpected(version)
        continue
      }
      this.#toldAt = performance.now()
      this.#options.onOthers()
      if (this.#isRepeated && !(result.ok && result.changed)) {
        this.#unsure.set(commandId, { result, version })
        continue
      }
      if (result.ok && result.started.length > 0) this.#options.onStarted(result.started, data)
      open.answer(commandId, result, version)
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
    const told = new Promise<void>((resolve) => (this.#onTold = resolve))
    const commands = [...open.pending()].map(({ command, data }) => ({ command, ...(data && { data }) }))
    this.#waiting = open
    this.#isRepeated = open.wasHandedIn || open.isTried
    this.#unsure.clear()
    const handings = { sender: this.#name, commands, afterMs: this.#sinceToldMs }
    try {
      const wasTold = !this.#isRepeated && (await this.#line.tell(handings))
      const decides = !wasTold && (await this.#handIn(open, handings))
      if (!decides) await this.#awaitAnswer(open, told)
      open.settleKnown()
      if (wasTold && open.size > 0) this.#line.isSilent()
      for (const [commandId, { result, version }] of this.#unsure) open.answer(commandId, result, version)
      return decides
    } finally {
      // What is under way in an append of its own is answered by that.
      this.#waiting = undefined
    }
  }

  async #handIn(open: OpenCommands, handings: Handings): Promise<boolean> {
    const { log, deciding } = this.#options
    const sent = performance.now()
    const forMs = this.term.firstMs
    const answer = await deciding.handIn(log.queue, { ...handings, forMs, isAgain: open.wasHandedIn })
    this.#line.learn(answer.decides ? undefined : answer.decider)
    if (!answer.decides) return false
    this.term.begin(sent + forMs)
    open.isWaiting = false
    this.term.take(answer.handed, open)
    log.head.hear(answer.version)
    if (answer.version !== log.version) await readOn(log, answer.version)
    return true
  }

  async #awaitAnswer(open: OpenCommands, told: Promise<void>): Promise<void> {
    open.isWaiting = true
    open.wasHandedIn = true
    if (open.size > 0) await this.#answerWait.wait(told)
    if (open.size > 0) await readOn(this.#options.log)
  }

  /** In milliseconds, as JSON can say it. */
  get #sinceToldMs(): number {
    return Math.min(RELY_MS, performance.now() - this.#toldAt)
  }
}
