import type { RecordedEvent } from '../../core/index.ts'
import type { OnWake } from '../../port/index.ts'
import { concernOf, isUrgent } from './concern.ts'
import type { SupabaseLike } from './like.ts'
import { WakeChannel, type WakeSource } from './wake-channel.ts'

interface Listened {
  readonly channel: WakeChannel
  readonly listeners: Set<OnWake>
  readonly opened: Promise<void>
}

export interface WakesOptions {
  readonly client: SupabaseLike
  readonly source: WakeSource
  readonly pollMs: number
}

/** One channel per queue, however many listen. */
export class Wakes {
  readonly #options: WakesOptions
  readonly #queues = new Map<string, Listened>()

  constructor(options: WakesOptions) {
    this.#options = options
  }

  async listen(queue: string, onWake: OnWake): Promise<() => Promise<void>> {
    const listened = this.#queues.get(queue) ?? this.#open(queue)
    // A function of its own, so that one callback can listen twice.
    const own: OnWake = (...hint) => onWake(...hint)
    listened.listeners.add(own)
    await listened.opened
    return async () => {
      listened.listeners.delete(own)
      if (listened.listeners.size > 0 || this.#queues.get(queue) !== listened) return
      this.#queues.delete(queue)
      await listened.channel.close()
    }
  }

  /** An answer of any call told how far the log is. */
  saw(queue: string, version: number): void {
    this.#queues.get(queue)?.channel.saw(version)
  }

  appended(queue: string, version: number, events: readonly RecordedEvent[]): void {
    this.#queues.get(queue)?.channel.appended(version, concernOf(events), isUrgent(events))
  }

  /** A heartbeat told how far the log is: it serves as a poll as well, of whoever has not read for long. */
  tell(queue: string, version: number): void {
    for (const onWake of this.#queues.get(queue)?.listeners ?? []) onWake(version, false, 'nobody')
  }

  async close(): Promise<void> {
    const all = [...this.#queues.values()]
    this.#queues.clear()
    for (const { listeners } of all) listeners.clear()
    await Promise.all(all.map(({ channel }) => channel.close()))
  }

  #open(queue: string): Listened {
    const listeners = new Set<OnWake>()
    const onWake: OnWake = (...hint) => {
      for (const listener of listeners) listener(...hint)
    }
    const channel = new WakeChannel({ ...this.#options, queue, onWake })
    const listened = { channel, listeners, opened: channel.open() }
    this.#queues.set(queue, listened)
    return listened
  }
}
