import type { Command, CommandResult, DataChange } from '../../core/index.ts'
import { InFlight } from '../base/in-flight.ts'
import { SingleFlight } from '../base/single-flight.ts'
import { takeBatch } from './batch.ts'
import { type CommitOptions, Committer } from './committer.ts'
import type { Pending } from './open-commands.ts'

/**
 * Lets one append of this process be under way at a time. Commands that come meanwhile are decided and appended
 * together (group commit), so batches grow with the pressure and shrink with it.
 */
export class AppendQueue {
  readonly #committer: Committer
  /** What goes ahead of its append, for those who wait for the end. */
  readonly #ahead = new InFlight()
  readonly #pending: Pending[] = []
  readonly #catchingUp: (() => void)[] = []
  /** The version to be read up to; infinite: whatever there is. */
  #wanted = 0
  readonly #flight: SingleFlight

  constructor(options: CommitOptions) {
    this.#committer = new Committer(options)
    // Every command is told what goes wrong with it, and a read that fails is told by the committer.
    this.#flight = new SingleFlight(() => this.#run(), options.hooks.onUnreadable)
  }

  get counts(): Committer['counts'] {
    return this.#committer.counts
  }

  /**
   * Resolves once what the command led to is in the log, or is known to be nothing.
   * @param data written in the same append, if the command puts the job in line or ends it
   */
  send(command: Command, data: readonly DataChange[] = []): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { command, data, resolve, reject }
      if (data.length === 0) return this.#push(pending)
      // Others do not wait for what this one has to carry.
      const settled = this.#committer.staging.settle(pending)
      void this.#ahead.add(settled.then(() => this.#push(pending), reject))
    })
  }

  #push(pending: Pending): void {
    this.#pending.push(pending)
    void this.#flight.request()
  }

  /**
   * Resolves when everything that was in the log at the call has been folded, or cannot be read now.
   * @param version the version that is known to exist: nothing is read once it is folded, as after an own append
   */
  catchUp(version = Number.POSITIVE_INFINITY): Promise<void> {
    this.#wanted = Math.max(this.#wanted, version)
    return new Promise((resolve) => {
      this.#catchingUp.push(resolve)
      void this.#flight.request()
    })
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#ahead.done()
    await this.#flight.idle()
  }

  async #run(): Promise<void> {
    await this.#work()
    // Whoever has just been answered sends the next command in this turn of the event loop.
    if (this.#committer.holdsBaton) await new Promise(setImmediate)
    if (!this.#hasWork()) await this.#committer.giveBaton()
  }

  #hasWork(): boolean {
    return this.#pending.length > 0 || this.#catchingUp.length > 0
  }

  async #work(): Promise<void> {
    while (this.#hasWork()) {
      if (this.#catchingUp.length > 0) await this.#readOn()
      const batch = takeBatch(this.#pending)
      if (batch.length > 0) await this.#committer.commit(batch)
    }
  }

  async #readOn(): Promise<void> {
    const waiting = this.#catchingUp.splice(0)
    const wanted = this.#wanted
    this.#wanted = 0
    if (wanted > this.#committer.version) await this.#committer.readOn()
    for (const resolve of waiting) resolve()
  }
}
