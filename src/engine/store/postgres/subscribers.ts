import { randomBytes } from 'node:crypto'
import type { OnWake, Wake } from '../index.ts'
import { answersOf, newsOf, tellWake, tellWakes } from '../sql/index.ts'

/** Those who wait for news of a queue. Reads what is notified, and tells it to those that it concerns. */
export class Subscribers {
  readonly #byQueue = new Map<string, Set<OnWake>>()
  /** By channel, the queues whose small appends are announced there with their events. Only channels that are listened to. */
  readonly #announced = new Map<string, string>()
  #heard: string[] = []
  /** The channel of this process alone. Hard to guess: any role may listen to a channel that it knows, and send to it. */
  readonly address = `interlock_${randomBytes(12).toString('hex')}`

  get queues(): readonly string[] {
    return [...this.#byQueue.keys()]
  }

  get isEmpty(): boolean {
    return this.#byQueue.size === 0
  }

  /** Returns what ends it. */
  add(queue: string, onWake: OnWake): () => void {
    // A new function, so that one callback can be registered twice.
    const own: OnWake = (wake) => onWake(wake)
    const those = this.#byQueue.get(queue) ?? new Set()
    this.#byQueue.set(queue, those.add(own))
    return () => {
      those.delete(own)
      if (those.size === 0 && this.#byQueue.get(queue) === those) this.#byQueue.delete(queue)
    }
  }

  clear(): void {
    this.#byQueue.clear()
  }

  /** Small appends of this queue are announced on this channel, and it is listened to. */
  announce(queue: string, channel: string): void {
    this.#announced.set(channel, queue)
  }

  isAnnounced(queue: string): boolean {
    return [...this.#announced.values()].includes(queue)
  }

  /** Something may have been missed. */
  tellAll(): void {
    for (const [queue, those] of this.#byQueue) for (const onWake of those) tellWake(undefined, queue, onWake)
  }

  hear(channel: string, payload: string): void {
    const queue = this.#announced.get(channel)
    if (channel === this.address) this.#hearOwn(payload)
    else if (queue === undefined) this.#hearCommon(payload)
    else this.#hearNews(queue, payload)
  }

  /** What comes together is told together: one notification may say more about another. */
  #hearCommon(payload: string): void {
    if (this.#heard.push(payload) > 1) return
    queueMicrotask(() => {
      const payloads = this.#heard
      this.#heard = []
      for (const [queue, those] of this.#byQueue)
        for (const onWake of those) tellWakes(payloads, queue, onWake)
    })
  }

  /** What is for this process alone: what came of the commands that it has published. */
  #hearOwn(payload: string): void {
    const answers = answersOf(payload)
    if (answers === undefined) return
    for (const queue of this.#byQueue.keys()) this.#tell(queue, { type: 'answers', answers })
  }

  #hearNews(queue: string, payload: string): void {
    const news = newsOf(payload)
    if (news === undefined) return
    // The usual message follows, and says which processes it concerns.
    this.#tell(queue, { type: 'appended', version: news.version, concern: 'nobody', news })
  }

  #tell(queue: string, wake: Wake): void {
    for (const onWake of this.#byQueue.get(queue) ?? []) onWake(wake)
  }
}
