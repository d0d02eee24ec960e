import { Subscription } from 'rxjs'
import type { RecordedEvent } from '../../core/index.ts'
import type { OnWake, WakeRole } from '../../port/index.ts'
import type { LogView } from '../replica/log-view.ts'
import { TickTimer } from './tick-timer.ts'

export interface WakeupHooks {
  readonly onEvent: (event: RecordedEvent) => void
  readonly onWake: OnWake
  readonly onPoll: () => void
  /** A time has come at which there is something to record, or at which somebody may start. */
  readonly onTick: () => void
}

/** What makes a process act by itself: messages of the store, the poll beneath them, and times that come. */
export class Wakeups {
  readonly #log: LogView
  readonly #store: WakeRole
  readonly #pollMs: number
  readonly #hooks: WakeupHooks
  readonly #tick: TickTimer
  #poll: NodeJS.Timeout | undefined
  #stopListening: (() => Promise<void>) | undefined
  #watch = new Subscription()

  constructor(log: LogView, store: WakeRole, pollMs: number, hooks: WakeupHooks) {
    this.#log = log
    this.#store = store
    this.#pollMs = pollMs
    this.#hooks = hooks
    this.#tick = new TickTimer(log, hooks.onTick)
  }

  /** From now on events and times are followed, as far as they are read. */
  watch(): void {
    const { replica } = this.#log
    this.unwatch()
    this.#watch = replica.events$.subscribe((event) => this.#hooks.onEvent(event))
    this.#watch.add(replica.changes$.subscribe((ledger) => this.#tick.follow(ledger)))
  }

  unwatch(): void {
    this.#watch.unsubscribe()
  }

  /** @throws what the store throws */
  async begin(): Promise<void> {
    const { onWake, onPoll } = this.#hooks
    this.#stopListening = await this.#store.listen(this.#log.queue, onWake)
    this.look()
    this.#poll = setInterval(onPoll, this.#pollMs)
  }

  /** Sets the timer to the next time that the replica knows of. */
  look(): void {
    this.#tick.follow(this.#log.ledger)
  }

  /** The timers end at once, the listening when the store has said so. */
  async rest(): Promise<void> {
    clearInterval(this.#poll)
    this.#tick.clear()
    await this.#stopListening?.()
  }
}
