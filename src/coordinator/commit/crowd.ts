import type { DecidingRole, HandedIn, Handled } from '../../port/index.ts'
import { pause } from '../base/retry.ts'
import type { LogView } from '../replica/log-view.ts'
import { readOn } from '../replica/read-log.ts'
import type { OpenCommands, Pending } from './open-commands.ts'

/**
 * How long a process decides for all before it has to extend that, in milliseconds. If its appends are slow, four of them: on an
 * overloaded machine one process after the other would otherwise take over, and none would get anything done.
 */
const TERM = { leastMs: 250, mostMs: 2_000, appends: 4 }
/** A process that handed commands in and hears nothing looks again after this time: the deciding process may have been replaced. */
const LOOK_MS = TERM.leastMs + 50

export interface CrowdOptions {
  readonly log: LogView
  readonly deciding: DecidingRole
  /** Unique in the crowd. */
  readonly name: () => string
  /** Other processes handed in these commands, for this process to carry out. */
  readonly onHanded: (commands: readonly Pending[]) => void
  /** Another process decides for all. */
  readonly onOthers: () => void
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
  #settled: HandedIn[] = []
  #onTold: () => void = () => {}

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

  /** One process decides for all: commands that these processes handed in were carried out, or need no append. */
  hear(senders: readonly string[]): void {
    if (senders.includes(this.#name)) this.#onTold()
    else this.#options.onOthers()
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
    const answer = await deciding.handIn(log.queue, { sender: this.#name, forMs: this.#termMs, commands })
    if (answer.decides) {
      this.#until = sent + this.#termMs
      this.#take(answer.handed)
      log.head.hear(answer.version)
    } else {
      open.wasHandedIn = true
      await Promise.race([told, pause(LOOK_MS)])
    }
    if (!answer.decides || answer.version !== log.version) await readOn(log)
    // Another process has committed them: what the server said to it of its standby, nobody said here.
    if (!answer.decides) await deciding.replicated?.()
    open.settleKnown()
    return answer.decides
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
    if (this.isDeciding) await this.#pickUp(true).catch(() => (this.#until = Number.NEGATIVE_INFINITY))
  }

  /** The handed-in commands that an append of these commands finishes. */
  handledBy(open: OpenCommands): Handled {
    const carried = [...open.pending()].flatMap(({ command }) => this.#inHand.get(command.id) ?? [])
    return handledOf([...carried, ...this.#settled])
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
    const options = { decider: this.#name, forMs: this.#termMs, resigns, ...handledOf(settled) }
    const { decides, handed } = await deciding.pickUp(log.queue, options)
    this.#until = decides ? sent + this.#termMs : Number.NEGATIVE_INFINITY
    this.#take(handed)
  }

  /** A command that is handed in again while it is in hand is answered once. */
  #take(handed: readonly HandedIn[]): void {
    const fresh = handed.filter(({ command }) => !this.#inHand.has(command.id))
    for (const one of fresh) this.#inHand.set(one.command.id, one)
    if (fresh.length > 0) this.#options.onHanded(fresh.map((one) => this.#pendingOf(one)))
  }

  #pendingOf(one: HandedIn): Pending {
    const { command, data } = one
    const settle = () => {
      if (this.#inHand.delete(command.id)) this.#settled.push(one)
    }
    const weight = data === undefined ? 0 : JSON.stringify(data).length
    return { command, weight, resolve: settle, reject: settle, ...(data && { data }) }
  }
}

function handledOf(commands: readonly HandedIn[]): Handled {
  return {
    done: commands.map(({ command }) => command.id),
    senders: [...new Set(commands.map(({ sender }) => sender))],
  }
}
