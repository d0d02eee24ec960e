import type { RecordedEvent } from '../../core/index.ts'
import type { OnWake } from '../index.ts'
import type { SupabaseLike } from './client-shape.ts'
import { concernOf } from './concern.ts'
import { WakeChannel, type WakeSource } from './wake-channel.ts'

interface Listened {
  readonly channel: WakeChannel
  readonly listeners: Set<OnWake>
  readonly onWake: OnWake
  readonly opened: Promise<void>
}

export interface WakesOptions {
  readonly client: SupabaseLike
  readonly source: WakeSource
  readonly pollMs: number
  readonly messagesPerSecond: number
  /** The topic of a queue's messages. */
  readonly topicOf: (queue: string) => Promise<string>
  readonly warn: (message: string) => void
}

/**
 * One channel per queue for all listeners. A client cannot have two with the same topic, so the stores over one client share it.
 */
export class Wakes {
  static readonly #ofClients = new WeakMap<SupabaseLike, Map<WakeSource, Wakes>>()

  /** The wakes of this client, created at first use with these options. */
  static of(options: WakesOptions): Wakes {
    const { client, source } = options
    const bySource = Wakes.#ofClients.get(client) ?? new Map<WakeSource, Wakes>()
    Wakes.#ofClients.set(client, bySource)
    const wakes = bySource.get(source) ?? new Wakes(options)
    bySource.set(source, wakes)
    return wakes
  }

  readonly #options: WakesOptions
  readonly #queues = new Map<string, Listened>()

  private constructor(options: WakesOptions) {
    this.#options = options
  }

  /** The channel ends with its last listener. */
  async listen(queue: string, onWake: OnWake): Promise<() => Promise<void>> {
    const listened = this.#queues.get(queue) ?? this.#open(queue)
    // A new function, so that one callback can be registered twice.
    const own: OnWake = (wake) => onWake(wake)
    listened.listeners.add(own)
    await listened.opened
    return async () => {
      listened.listeners.delete(own)
      if (listened.listeners.size > 0 || this.#queues.get(queue) !== listened) return
      this.#queues.delete(queue)
      await listened.channel.close()
    }
  }

  /** The answer to a call said how far the log goes. */
  saw(queue: string, version: number): void {
    this.#queues.get(queue)?.channel.saw(version)
  }

  /** It also had these events. */
  sawEvents(queue: string, events: readonly RecordedEvent[]): void {
    this.#queues.get(queue)?.channel.sawEvents(events)
  }

  appended(queue: string, version: number, events: readonly RecordedEvent[]): void {
    const listened = this.#queues.get(queue)
    if (listened === undefined) return
    const concern = concernOf(events)
    listened.channel.sawEvents(events)
    listened.channel.appended(version, concern)
    // The other listeners in this process hear of it only from here.
    if (listened.listeners.size > 1) listened.onWake({ type: 'appended', version, concern })
  }

  /** The answer to a beat said how far the log goes, so it serves as a poll. */
  beaten(queue: string, version: number): void {
    this.#queues.get(queue)?.channel.beaten(version)
  }

  #open(queue: string): Listened {
    const listeners = new Set<OnWake>()
    const onWake: OnWake = (wake) => {
      for (const listener of listeners) listener(wake)
    }
    const { topicOf } = this.#options
    const channel = new WakeChannel({ ...this.#options, queue, onWake, topic: () => topicOf(queue) })
    const listened = { channel, listeners, onWake, opened: channel.open() }
    this.#queues.set(queue, listened)
    return listened
  }
}
