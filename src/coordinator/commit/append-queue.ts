import type { Command, CommandResult, DataChange, Decision } from '../../core/index.ts'
import type { HeardAnswers } from '../../port/index.ts'
import { InFlight, SingleFlight } from '../base/work.ts'
import type { CommitOptions } from './commit-options.ts'
import { Committer } from './committer.ts'
import { HeldLooks } from './held-looks.ts'
import type { OpenCommands, Pending } from './open-commands.ts'
import { type Call, type Patience, patienceOf } from './patience.ts'

/** From this many commands on, an append of their own is worth it, decided while the one before it is under way. */
const ENOUGH = 16

/** What is sent with a command. */
export interface SentCommand {
  /** Written in the same append, if the command puts the job in line or ends it. */
  readonly data?: readonly DataChange[] | undefined
  /** Nobody waits for the answer: what this process knows is enough. */
  readonly isLook?: boolean | undefined
  /** When the call was made that sends it, by `performance.now()`; now unless given. */
  readonly madeAt?: number | undefined
}

type CatchUp = Call & { readonly resolve: () => void }

/**
 * Lets one append of this process be under way at a time. Commands that come meanwhile are decided and appended together (group
 * commit), so batches grow and shrink with the load. If there are many, the next append is decided while the one before it is
 * written, on its expected result: this process and the database work at the same time. If the result differs, they are decided
 * again.
 */
export class AppendQueue {
  readonly #committer: Committer
  readonly #patience: Patience
  /** Data that is sent ahead of its append. `idle` waits for it. */
  readonly #ahead = new InFlight()
  readonly #pending: Pending[] = []
  /** Absent where calls have no price: there, looks go at once. */
  readonly #looks: HeldLooks | undefined
  readonly #catchingUp: CatchUp[] = []
  /** The version to read up to; infinite: everything there is. */
  #wanted = 0
  readonly #flight: SingleFlight
  /** The expected result of the append that is under way. */
  #sent: Decision | undefined
  /** The commands of the next append. */
  #next: OpenCommands | undefined

  constructor(options: CommitOptions) {
    this.#patience = patienceOf(options)
    if (options.store.frugal === true) this.#looks = new HeldLooks(() => void this.#flight.request())
    this.#committer = new Committer(options, {
      onSent: (decision) => this.#onSent(decision),
      onPublished: (commands) => this.#pending.push(...commands),
      patience: this.#patience,
      looks: this.#looks && {
        contention: this.#looks.window,
        onPutOff: (looks) => this.#pending.push(...looks),
      },
    })
    // Each command gets its own error, and the committer reports a read that fails.
    this.#flight = new SingleFlight(() => this.#run(), options.hooks.onUnreadable)
  }

  get counts(): Committer['counts'] {
    return this.#committer.counts
  }

  /**
   * Resolves once the result of the command is in the log, or the command is known to have none.
   * @throws what the store throws, once the patience of the call is over
   */
  send(command: Command, sent: SentCommand = {}): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const pending = this.#pendingOf(command, sent, resolve, reject)
      if (sent.data === undefined || sent.data.length === 0) return this.#push(pending)
      // Other commands do not wait for this one's data.
      const settled = this.#committer.staging.settle(pending)
      void this.#ahead.add(settled.then(() => this.#push(pending), pending.reject))
    })
  }

  #pendingOf(
    command: Command,
    { data = [], isLook = false, madeAt = performance.now() }: SentCommand,
    resolve: Pending['resolve'],
    giveUp: Pending['reject'],
  ): Pending {
    const call = { madeAt, giveUp }
    this.#patience.begin(call)
    const ended = <Answer>(settle: (answer: Answer) => void) => {
      return (answer: Answer) => {
        this.#patience.end(call)
        settle(answer)
      }
    }
    return { command, call, data, isLook, resolve: ended(resolve), reject: ended(giveUp) }
  }

  #push(pending: Pending): void {
    if (!this.#patience.isWaiting(pending.call)) return
    this.#pending.push(pending)
    if (this.#pending.length === ENOUGH) this.#considerAhead()
    void this.#flight.request()
  }

  /**
   * Resolves when everything that was in the log at the time of the call has been folded, or when it cannot be read now, at the
   * latest when the patience of the call is over.
   * @param version a version that is known to exist: if it is folded already, for example after an own append, nothing is read
   */
  catchUp(version = Number.POSITIVE_INFINITY): Promise<void> {
    this.#wanted = Math.max(this.#wanted, version)
    if (version === Number.POSITIVE_INFINITY) this.#committer.combining?.readWhileWaiting()
    return new Promise((resolve) => {
      const call = { madeAt: performance.now(), giveUp: () => resolve(), resolve }
      this.#patience.begin(call)
      this.#catchingUp.push(call)
      void this.#flight.request()
    })
  }

  /** Commands that these processes published were carried out, or need no append; null: the combiner has resigned. */
  hearAnswered(senders: readonly string[] | null): void {
    this.#committer.combining?.hear(senders)
  }

  /** What came of commands that this process has published. */
  hearAnswers(answers: HeardAnswers): void {
    this.#committer.combining?.hearAnswers(answers)
  }

  /** Another process carries out the commands of this one too, and tells it what comes of them: it need not know the log. */
  get isTold(): boolean {
    return this.#committer.combining?.isTold === true
  }

  /** Milliseconds of patience that are left to a call that was made then. */
  leftMs(madeAt: number): number {
    return this.#patience.leftMs(madeAt)
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#ahead.done()
    this.#looks?.release()
    await this.#flight.idle()
  }

  async #run(): Promise<void> {
    // Waits one turn of the event loop: commands that are sent together share an append.
    await Promise.resolve()
    do {
      await this.#work()
      // A caller that has just got its answer sends its next command in this turn of the event loop.
      if (this.#committer.combining?.combines === true) await new Promise(setImmediate)
      if (!this.#hasWork()) await this.#committer.combining?.resign()
    } while (this.#hasWork())
  }

  #hasWork(): boolean {
    return this.#mayOpen || this.#catchingUp.length > 0 || this.#next !== undefined
  }

  get #mayOpen(): boolean {
    return this.#pending.length > 0 && this.#looks?.holds(this.#pending) !== true
  }

  async #work(): Promise<void> {
    while (this.#hasWork()) {
      if (this.#catchingUp.length > 0) await this.#readOn()
      const next = this.#next ?? this.#openNext(this.#half)
      this.#next = undefined
      if (next === undefined) continue
      const { appends } = this.#committer.counts
      await this.#committer.commit(next).finally(() => (this.#sent = undefined))
      // Only an append brings what was published meanwhile, and a process that looks for work in vain may go on with that for long.
      if (this.#committer.counts.appends === appends) await this.#committer.combining?.resign()
      // What its own handlers do at once goes into the next append.
      if (this.#next === undefined && this.#committer.combining?.combines === true)
        await new Promise(setImmediate)
    }
  }

  /** If there are many, half of them go first: the other half is decided while those are written, and so on. */
  get #half(): number | undefined {
    const { length } = this.#pending
    return length >= 2 * ENOUGH && this.#committer.mayDecideAhead ? Math.ceil(length / 2) : undefined
  }

  #openNext(most?: number): OpenCommands | undefined {
    if (!this.#mayOpen) return undefined
    this.#looks?.taken()
    const batch = takeBatch(this.#pending, most)
    return this.#committer.open(batch.filter(({ call }) => this.#patience.isWaiting(call)))
  }

  #onSent(decision: Decision): void {
    this.#sent = decision
    this.#considerAhead()
  }

  /** Decides ahead once everything that runs in this turn of the event loop has sent its commands. */
  #considerAhead(): void {
    const sent = this.#sent
    if (sent === undefined) return
    setImmediate(() => {
      if (this.#sent === sent && this.#next === undefined && this.#pending.length >= ENOUGH)
        this.#decideAhead(sent)
    })
  }

  #decideAhead(sent: Decision): void {
    this.#next = this.#openNext()
    if (this.#next !== undefined) this.#committer.decideAhead(this.#next, sent)
  }

  async #readOn(): Promise<void> {
    const waiting = this.#catchingUp.splice(0)
    const wanted = this.#wanted
    this.#wanted = 0
    if (wanted > this.#committer.version) await this.#committer.readOn(wanted)
    for (const call of waiting) {
      this.#patience.end(call)
      call.resolve()
    }
  }
}

/** The most commands in one append. It limits the time under the queue's lock to some tens of milliseconds. */
const MOST_COMMANDS = 500
/** The most data in one append, in characters of JSON: a quarter of a second at 1 MB/s. Larger data goes ahead. */
const MOST_DATA = 262_144

/** Takes what goes into the next append from the head of the waiting commands. */
export function takeBatch<Item extends { readonly weight?: number }>(
  pending: Item[],
  most = MOST_COMMANDS,
): Item[] {
  let count = 0
  let whole = 0
  for (const { weight = 0 } of pending) {
    whole += weight
    if (count > 0 && (count >= most || whole > MOST_DATA)) break
    count++
  }
  return pending.splice(0, count)
}
