import { silentLogger } from '../../../src/engine/coordinator/base/logger.ts'
import { beginEpoch } from '../../../src/engine/coordinator/commit/commit-beside.ts'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import type { InterlockError } from '../../../src/engine/core/index.ts'
import type { MemoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { backUp } from './backup.ts'
import { Dice } from './dice.ts'
import { type SimProcess, TIMES } from './process.ts'
import { type Line, type NetworkOptions, remoteStore } from './remote-store.ts'
import type { Script } from './script.ts'
import { here } from './timeline.ts'

type Queue = NonNullable<ReturnType<MemoryDatabase['queues']['get']>>

export interface OperatorOptions {
  readonly network: NetworkOptions
  readonly seed: number
  readonly queue: () => Queue
  readonly processes: () => readonly SimProcess[]
  readonly onRestored: () => void
  readonly kill: (process: SimProcess, ms: number) => void
}

/**
 * Who runs the database: sets the policy, and puts a backup in its place as the pages say. Processes that know no more than the
 * backup are ended before; they are started again when one that knows more has said that the log went back, or when the new epoch was
 * begun by hand.
 */
export class Operator implements Line {
  readonly name = 'operator'
  readonly dice: Dice
  readonly isAlive = true
  readonly blockedUntil = 0
  readonly cutUntil = 0
  readonly muteUntil = 0
  isHolding = false
  hasRestored = false
  isBusy = false
  /** Schedules are still there, or may be. */
  hasSchedules = false
  readonly #options: OperatorOptions
  #isOver = false
  /** Those that are not set yet. */
  readonly #policies: Script['policy'][] = []

  constructor(options: OperatorOptions) {
    this.#options = options
    this.dice = new Dice(options.seed, 'operator')
  }

  /** One after the other: of several the last one stays. */
  setPolicy(policy: Script['policy']): void {
    this.#policies.push(policy)
    if (this.#policies.length > 1) return
    this.#do(async (coordinator) => {
      for (; this.#policies[0] !== undefined; this.#policies.shift())
        await coordinator.setPolicy(this.#policies[0])
    })
  }

  /** Of the last release: none of them fires any more. */
  removeSchedules(revision: number): void {
    this.hasSchedules = true
    this.#do(async (coordinator) => {
      await coordinator.schedules('service', [], { revision })
      this.hasSchedules = false
    })
  }

  restoreLater(ms: number): void {
    const queue = this.#options.queue()
    const version = queue.log.length
    const restore = backUp(queue)
    this.#options.network.timeline.later(ms, undefined, () => this.#restore(version, restore))
  }

  /** A process has stopped, and its program has ended. */
  hear({ details }: InterlockError): void {
    if (!this.isHolding) return
    if ('isHeld' in details && details.isHeld === false) this.#beginByHand()
    else this.#release()
  }

  /** Nobody may be left who has noticed. */
  heal(): void {
    if (this.isHolding)
      this.#options.network.timeline.later(5_000, this, () => this.isHolding && this.#beginByHand())
  }

  end(): void {
    this.#isOver = true
  }

  #restore(version: number, restore: () => void): void {
    const alive = this.#options.processes().filter((process) => process.isAlive)
    const isFurther = ({ coordinator }: SimProcess) => (coordinator?.state().version ?? 0) > version
    if (this.hasRestored || !alive.some(isFurther)) return
    this.isHolding = true
    this.hasRestored = true
    this.isBusy = true
    for (const process of alive) if (!isFurther(process)) this.#options.kill(process, 0)
    restore()
    const { database } = this.#options.network
    database.since = database.now()
    this.#options.onRestored()
  }

  #release(): void {
    this.isHolding = false
    this.#options.network.timeline.later(1_500, this, () =>
      this.#do((coordinator) => this.#recover(coordinator)),
    )
  }

  #beginByHand(): void {
    here.run(this, () => {
      const store = remoteStore(this, this.#options.network)
      const limit = { forMs: 30_000, signal: new AbortController().signal }
      void beginEpoch({ store, queue: 'default', limit, name: 'operator' }).then(
        () => this.#release(),
        () => this.#options.network.timeline.later(500, this, () => this.#beginByHand()),
      )
    })
  }

  /** What was running when the backup was made is done again; then everything goes on. */
  async #recover(coordinator: Coordinator): Promise<void> {
    const { epoch, status } = coordinator.state()
    if (status === 'draining') {
      for (const { jobId, fencingToken } of coordinator.state().active())
        await coordinator.release({ jobId, fencingToken, epoch }, 'drained')
      await coordinator.resume()
    }
    this.isBusy = false
  }

  #do(work: (coordinator: Coordinator) => Promise<void>): void {
    if (this.#isOver) return
    here.run(this, () => {
      void this.#try(work).catch(() => this.#options.network.timeline.later(500, this, () => this.#do(work)))
    })
  }

  async #try(work: (coordinator: Coordinator) => Promise<void>): Promise<void> {
    const store = remoteStore(this, this.#options.network)
    const coordinator = await createCoordinator({ store, name: 'operator', logger: silentLogger, ...TIMES })
    try {
      await work(coordinator)
    } finally {
      await coordinator.close().catch(() => {})
    }
  }
}
