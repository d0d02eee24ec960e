import { Subscription } from 'rxjs'
import type { Micros, RecordedEvent } from '../../core/index.ts'
import type { LogStore, OnWake } from '../../port/index.ts'
import type { Replica } from '../replica/replica.ts'
import { TickTimer } from './tick-timer.ts'

export interface PulseOptions {
  readonly store: LogStore
  readonly queue: string
  readonly replica: Replica
  readonly pollMs: number
  /** By the database's clock. */
  readonly now: () => Micros
  /** The log is ahead of that clock. */
  readonly isAhead: () => boolean
  readonly onEvent: (event: RecordedEvent) => void
  readonly onWake: OnWake
  readonly onPoll: () => void
  /** A time has come at which there is something to record, or at which somebody may start. */
  readonly onTick: () => void
}

/** What makes a process act by itself: messages of the store, the poll beneath them, and times that come. */
export class Pulse {
  readonly #options: PulseOptions
  readonly #tick: TickTimer
  #poll: NodeJS.Timeout | undefined
  #stopListening: (() => Promise<void>) | undefined
  #watch = new Subscription()

  constructor(options: PulseOptions) {
    this.#options = options
    this.#tick = new TickTimer(options)
  }

  /** From now on events and times are followed, as far as they are read. */
  watch(): void {
    const { replica, onEvent } = this.#options
    this.unwatch()
    this.#watch = replica.events$.subscribe(onEvent)
    this.#watch.add(replica.changes$.subscribe((ledger) => this.#tick.follow(ledger)))
  }

  unwatch(): void {
    this.#watch.unsubscribe()
  }

  /** @throws what the store throws */
  async begin(): Promise<void> {
    const { store, queue, pollMs, onWake, onPoll } = this.#options
    this.#stopListening = await store.listen(queue, onWake)
    this.look()
    this.#poll = setInterval(onPoll, pollMs)
  }

  /** Sets the timer to the next time that the replica knows of. */
  look(): void {
    this.#tick.follow(this.#options.replica.ledger)
  }

  /** The timers end at once, the listening when the store has said so. */
  async rest(): Promise<void> {
    clearInterval(this.#poll)
    this.#tick.clear()
    await this.#stopListening?.()
  }
}
