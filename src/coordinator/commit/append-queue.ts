import type { Command, CommandResult, DataChange } from '../../core/index.ts'
import { takeBatch } from './batch.ts'
import type { Committer } from './committer.ts'
import type { Pending } from './open-commands.ts'
import type { Staging } from './staging.ts'

/**
 * Lets one append of this process be under way at a time. Commands that come meanwhile are decided and appended
 * together (group commit), so batches grow with the pressure and shrink with it.
 */
export class Pen {
  readonly #committer: Committer
  readonly #staging: Staging
  /** What goes ahead of its append, for those who wait for the end. */
  readonly #ahead = new Set<Promise<void>>()
  readonly #pending: Pending[] = []
  readonly #catchingUp: (() => void)[] = []
  /** The version to be read up to; infinite: whatever there is. */
  #wanted = 0
  #running = false
  #idle: Promise<void> = Promise.resolve()

  constructor(committer: Committer, staging: Staging) {
    this.#committer = committer
    this.#staging = staging
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
      const ahead = this.#staging.settle(pending).then(() => this.#push(pending), reject)
      this.#ahead.add(ahead)
      void ahead.finally(() => this.#ahead.delete(ahead))
    })
  }

  #push(pending: Pending): void {
    this.#pending.push(pending)
    this.#start()
  }

  /**
   * Resolves when everything that was in the log at the call has been folded, or cannot be read now.
   * @param version the version that is known to exist: nothing is read once it is folded, as after an own append
   */
  catchUp(version = Number.POSITIVE_INFINITY): Promise<void> {
    this.#wanted = Math.max(this.#wanted, version)
    return new Promise((resolve) => {
      this.#catchingUp.push(resolve)
      this.#start()
    })
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#ahead.size > 0) await Promise.all(this.#ahead)
    await this.#idle
  }

  #start(): void {
    if (this.#running) return
    this.#running = true
    this.#idle = this.#run()
  }

  async #run(): Promise<void> {
    // One turn of the event loop: what is sent in the same breath shares an append.
    await Promise.resolve()
    do {
      await this.#work()
      // Whoever has just been answered sends the next command in this turn of the event loop.
      if (this.#committer.holdsBaton) await new Promise(setImmediate)
      if (!this.#hasWork()) await this.#committer.giveBaton()
    } while (this.#hasWork())
    this.#running = false
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
