import type { Command, CommandResult, DataChange, Decision, Surroundings } from '../../core/index.ts'
import type { ReceivedAnswers } from '../../store/index.ts'
import { InFlight, SingleFlight } from '../base/concurrency.ts'
import { readOn } from '../replica/catch-up.ts'
import type { PolledReads } from './combining.ts'
import { type CommitOptions, Committer, type OfQueue } from './committer.ts'
import type { Staged } from './data-staging.ts'
import { HeldLooks } from './held-looks.ts'
import { NextBatch } from './next-batch.ts'
import type { OpenCommands } from './open-commands.ts'
import { type Call, type Patience, patienceOf } from './patience.ts'
import type { Pending } from './pending.ts'
import { halfOf, takeBatch } from './take-batch.ts'

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
 * commit), so batches grow and shrink with the load.
 */
export class AppendQueue implements OfQueue {
  readonly #committer: Committer
  readonly patience: Patience
  /** Data that is sent ahead of its append. `idle` waits for it. */
  readonly #staged = new InFlight()
  /** The batch after the one that is under way. */
  readonly #next: NextBatch
  readonly #pending: Pending[] = []
  /** Absent where calls have no price: there, looks go at once. */
  readonly looks: HeldLooks | undefined
  readonly #catchingUp: CatchUp[] = []
  /** The version to read up to; infinite: everything there is. */
  #wanted = 0
  /** While an answer is awaited, these reads do not wait for it: a poll waits for the one before it, and would not come again. */
  readonly reads: PolledReads
  readonly #flight: SingleFlight

  constructor(options: CommitOptions) {
    const { log, process } = options
    this.patience = patienceOf(options)
    // Each command gets its own error, and the committer notes a read that fails.
    this.#flight = new SingleFlight(
      () => this.#run(),
      (error) => process?.failures.noteOfLog(error, 'read'),
    )
    const isWanted = () => this.#wanted === Number.POSITIVE_INFINITY
    this.reads = {
      get areWanted() {
        return isWanted()
      },
      now: () => this.#catchUpBy(() => readOn(log)),
    }
    if (log.looks.yieldsAfterLoss) this.looks = new HeldLooks(this.#flight)
    this.#committer = new Committer(options, this)
    this.#next = new NextBatch({
      appender: this.#committer.appender,
      pending: this.#pending,
      mayTake: () => this.#mayOpen,
      take: () => this.#open(),
      isHeld: () => this.#hasToRead,
    })
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
      const settled = this.#committer.staging.settle(pending)
      if (settled === undefined) return this.#push(pending)
      // Other commands do not wait for this one's data.
      void this.#staged.add(settled.then(() => this.#push(pending), pending.reject))
    })
  }

  #pendingOf(
    command: Command,
    { data = [], isLook = false, madeAt = performance.now() }: SentCommand,
    resolve: Pending['resolve'],
    giveUp: Pending['reject'],
  ): Pending {
    const call = { madeAt, giveUp }
    this.patience.begin(call)
    const ended = <Answer>(settle: (answer: Answer) => void) => {
      return (answer: Answer) => {
        this.patience.end(call)
        settle(answer)
      }
    }
    return { command, call, data, isLook, resolve: ended(resolve), reject: ended(giveUp) }
  }

  add(commands: readonly Pending[]): void {
    this.#pending.push(...commands)
    this.#next.look()
  }

  sendAhead(): void {
    this.#next.send()
  }

  #push(pending: Pending): void {
    if (!this.patience.isWaiting(pending.call)) return
    this.#pending.push(pending)
    this.#next.look()
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
      this.patience.begin(call)
      this.#catchingUp.push(call)
      void this.#flight.request()
    })
  }

  /** Commands that these processes published were carried out, or need no append; null: the combiner has resigned. */
  receiveAnswered(senders: readonly string[] | null): void {
    this.#committer.combining?.receiveAnswered(senders)
  }

  /** What came of commands that this process has published. */
  receiveAnswers(answers: ReceivedAnswers): void {
    this.#committer.combining?.receiveAnswers(answers)
  }

  /** Another process carries out the commands of this one too, and tells it what comes of them: it need not know the log. */
  get getsAnswers(): boolean {
    return this.#committer.combining?.getsAnswers === true
  }

  /** What would come of a command at this version. Nothing is appended. */
  preview(command: Command, known: Pick<Surroundings, 'once' | 'ended'>): Decision {
    return this.#committer.decider.preview(command, known)
  }

  /** Sends data ahead under an id, if it is large. @returns whether it did @throws what the store throws, once the call has no patience left */
  stage(id: string, data: readonly DataChange[], madeAt: number): Promise<boolean> {
    return this.patience.within(madeAt, async (call) => {
      const staged: Staged = { command: { id }, data, call }
      await this.#committer.staging.settle(staged)
      return staged.isStaged === true
    })
  }

  /** Asks the store about a large call. @throws what the store throws, once the call has no patience left */
  ask<Out>(madeAt: number, work: () => Promise<Out>): Promise<Out> {
    return this.patience.within(madeAt, (call) => this.patience.retry('submit', call, work))
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#staged.done()
    this.looks?.release()
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
    return this.#next.isSent || this.#mayOpen || this.#catchingUp.length > 0
  }

  get #mayOpen(): boolean {
    return this.#pending.length > 0 && this.looks?.holds(this.#pending) !== true
  }

  async #work(): Promise<void> {
    let most = this.#committer.combining?.isAlone === false ? undefined : halfOf(this.#pending.length)
    while (this.#hasWork()) {
      const sent = this.#next.taken()
      // What an append under way has written is not for a read.
      if (this.#catchingUp.length > 0 && (sent === undefined || !this.#hasToRead)) await this.#readOn()
      if (sent === undefined && !this.#mayOpen) continue
      const { combining, counts } = this.#committer
      const { appends } = counts
      await this.#committer.commit(sent ?? this.#open(most)).finally(() => this.#next.giveBack())
      most = undefined
      // Only an append brings what was published meanwhile, and a process that looks for work without success may go on with that for long.
      if (this.#committer.counts.appends === appends) await combining?.resign()
      // What its own handlers do at once goes into the next append.
      if (combining?.combines === true) await new Promise(setImmediate)
    }
  }

  #open(most?: number): OpenCommands {
    this.looks?.taken()
    const batch = takeBatch(this.#pending, most)
    return this.#committer.open(batch.filter(({ call }) => this.patience.isWaiting(call)))
  }

  get #hasToRead(): boolean {
    return this.#catchingUp.length > 0 && this.#wanted > this.#committer.version
  }

  async #readOn(): Promise<void> {
    await this.#catchUpBy(async (wanted) => {
      if (wanted > this.#committer.version) await this.#committer.readOn(wanted)
    })
  }

  /** Who waits to catch up has done so when this read is over. */
  async #catchUpBy(read: (wanted: number) => Promise<void>): Promise<void> {
    const waiting = this.#catchingUp.splice(0)
    const wanted = this.#wanted
    this.#wanted = 0
    try {
      await read(wanted)
    } finally {
      for (const call of waiting) {
        this.patience.end(call)
        call.resolve()
      }
    }
  }
}
