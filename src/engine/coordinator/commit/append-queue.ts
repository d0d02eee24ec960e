import type {
  Command,
  CommandBody,
  CommandResult,
  DataChange,
  Decision,
  Surroundings,
} from '../../core/index.ts'
import type { ReceivedAnswers } from '../../store/index.ts'
import { InFlight, SingleFlight } from '../base/concurrency.ts'
import { readOn } from '../replica/catch-up.ts'
import type { PolledReads } from './combining.ts'
import { type CommitOptions, Committer, type OfQueue } from './committer.ts'
import type { Staged } from './data-staging.ts'
import { HeldLooks } from './held-looks.ts'
import type { Pending } from './open-commands.ts'
import { type Call, type Patience, patienceOf } from './patience.ts'

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
  readonly #ahead = new InFlight()
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
  }

  #push(pending: Pending): void {
    if (!this.patience.isWaiting(pending.call)) return
    this.#pending.push(pending)
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
    return this.#committer.appender.preview(command, known)
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
    await this.#ahead.done()
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
    return this.#mayOpen || this.#catchingUp.length > 0
  }

  get #mayOpen(): boolean {
    return this.#pending.length > 0 && this.looks?.holds(this.#pending) !== true
  }

  async #work(): Promise<void> {
    while (this.#hasWork()) {
      if (this.#catchingUp.length > 0) await this.#readOn()
      if (!this.#mayOpen) continue
      this.looks?.taken()
      const batch = takeBatch(this.#pending)
      const waiting = batch.filter(({ call }) => this.patience.isWaiting(call))
      const { appends } = this.#committer.counts
      await this.#committer.commit(this.#committer.open(waiting))
      // Only an append brings what was published meanwhile, and a process that looks for work without success may go on with that for long.
      if (this.#committer.counts.appends === appends) await this.#committer.combining?.resign()
      // What its own handlers do at once goes into the next append.
      if (this.#committer.combining?.combines === true) await new Promise(setImmediate)
    }
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

/** The most commands in one append, and jobs that they put in line. It limits the time under the queue's lock to some tens of milliseconds. */
const MOST_COMMANDS = 500
/** The most data in one append, in characters of JSON: a quarter of a second at 1 MB/s. Larger data goes ahead. */
const MOST_DATA = 262_144

interface Batched {
  readonly command?: Pick<Command, 'body'>
  readonly weight?: number
}

/** Takes what goes into the next append from the head of the waiting commands. */
export function takeBatch<Item extends Batched>(pending: Item[]): Item[] {
  let count = 0
  let steps = 0
  let whole = 0
  for (const { command, weight = 0 } of pending) {
    steps += stepsOf(command?.body)
    whole += weight
    if (count > 0 && (steps > MOST_COMMANDS || whole > MOST_DATA)) break
    count++
  }
  return pending.splice(0, count)
}

/** A command that puts jobs in line counts for as many. */
const stepsOf = (body: CommandBody | undefined): number =>
  body?.type === 'enqueue' ? Math.max(1, body.specs.length) : 1
