import type { Decision, Ledger } from '../../core/index.ts'
import type { DecidingRole, HandedIn, HandledByAppend, HeardCommands } from '../../port/index.ts'
import type { LogView } from '../replica/log-view.ts'
import { InHand } from './in-hand.ts'
import type { OpenCommands, Pending } from './open-commands.ts'
import { Replies } from './replies.ts'

/**
 * How long a process decides for all before it has to extend that, in milliseconds. If its appends are slow, four of them: on an
 * overloaded machine one process after the other would otherwise take over, and none would get anything done. Longer by the time to
 * read each event that it has missed.
 */
const LENGTH = { leastMs: 200, mostMs: 2_000, appends: 4, readMs: 0.02 }

export interface TermOptions {
  readonly log: LogView
  readonly deciding: DecidingRole
  /** This process, as no other one that writes to the queue is called. */
  readonly name: () => string
  /** Other processes handed in these commands, for this process to carry out. */
  readonly onHanded: (commands: readonly Pending[]) => void
  /** Nobody decides for all any more. */
  readonly onNobody: () => void
}

/** The time for which a process decides for all, and the commands of others that it has in hand meanwhile. */
export class Term {
  readonly #options: TermOptions
  readonly #inHand: InHand
  readonly #replies = new Replies()
  #ms = LENGTH.leastMs
  /** Until when it decides, and when its last append began; both by `performance.now()`. */
  #until = Number.NEGATIVE_INFINITY
  #beganAt = Number.NEGATIVE_INFINITY
  /** What it is told while it asks whether it may resign. */
  #late: HandedIn[] | undefined

  constructor(options: TermOptions) {
    this.#options = options
    this.#inHand = new InHand(options.onHanded)
  }

  get isOn(): boolean {
    return performance.now() < this.#until
  }

  /** Who becomes the one first reads what it has missed, and nobody else should take its place meanwhile. */
  get firstMs(): number {
    const { knownVersion, version } = this.#options.log
    return Math.min(LENGTH.mostMs, this.#ms + Math.ceil((knownVersion - version) * LENGTH.readMs))
  }

  /** No process decided, so this one does from now on. @param until by `performance.now()` */
  begin(until: number): void {
    this.#until = until
    this.#replies.forget()
  }

  /** @param own those of this process, which it has anyhow */
  take(handed: readonly HandedIn[], own?: OpenCommands): void {
    this.#inHand.take(handed, own)
  }

  /** A process that takes this one for the deciding one tells it of commands. If it is wrong, it gets no answer, and hands them in. */
  hear({ decider, handed, afterMs }: HeardCommands): void {
    if (decider !== this.#options.name() || !this.isOn) return
    const [first] = handed
    if (first !== undefined) this.#replies.heard(first.sender, afterMs)
    if (this.#late === undefined) this.#inHand.take(handed)
    else this.#late.push(...handed)
  }

  /** Called before each append. Extends its time to decide, early enough. */
  async goOn(): Promise<void> {
    const now = performance.now()
    const took = now - this.#beganAt
    this.#beganAt = now
    if (took < LENGTH.mostMs)
      this.#ms = Math.min(LENGTH.mostMs, Math.max(LENGTH.leastMs, Math.ceil(LENGTH.appends * took)))
    if (now > this.#until - this.#ms / 2) await this.#pickUp(false)
  }

  /** There is nothing to write: stops deciding, unless something was handed in meanwhile. */
  async resign(): Promise<void> {
    if (!this.isOn) return
    this.#late = []
    // If this fails, its time runs out by itself.
    await this.#pickUp(true).catch(() => (this.#until = Number.NEGATIVE_INFINITY))
    const late = this.#late
    this.#late = undefined
    if (this.isOn) this.#inHand.take(late)
    else this.#options.onNobody()
  }

  /** The handed-in commands that an append of this decision finishes. @param before the ledger that it was made on */
  handledBy(open: OpenCommands, decision: Decision, before: Ledger): HandledByAppend {
    return this.#inHand.handledBy(open, decision, before)
  }

  /** The append with {@link handledBy} was carried out. */
  carried(open: OpenCommands, handed: readonly HandedIn[] = []): void {
    this.#replies.answered(this.#inHand.carried(open.commands()))
    this.#inHand.take(handed)
  }

  /** Called after an append, while this process decides: what other processes and its own handlers do at once goes into the next one. */
  async gather(): Promise<void> {
    if (!this.isOn) return
    await new Promise(setImmediate)
    await this.#replies.soon()
  }

  async #pickUp(resigns: boolean): Promise<void> {
    const { log, deciding, name } = this.#options
    const sent = performance.now()
    const options = { decider: name(), forMs: this.#ms, resigns, ...this.#inHand.takeSettled() }
    const { decides, handed } = await deciding.pickUp(log.queue, options)
    this.#until = decides ? sent + this.#ms : Number.NEGATIVE_INFINITY
    if (!decides) this.#beganAt = Number.NEGATIVE_INFINITY
    this.#inHand.take(handed)
  }
}
