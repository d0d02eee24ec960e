import type { RecordedEvent } from '../../core/index.ts'
import type { Concern } from '../index.ts'
import { Versions } from './concern.ts'
import { newsMessage, RecentEvents } from './news.ts'

/**
 * The database does not announce every append (`job_queue_wake`). If a process has appended and hears no announcement for a
 * moment, it tells the others itself, which costs no request. The jitter makes one process do it for all.
 */
const TELL_MS = { least: 30, jitter: 20 }
/** How long it waits after the most messages in a second. */
const AGAIN_MS = { least: 80, jitter: 40 }

/** What a process tells the others of its appends. */
export interface Announcement extends Readonly<Record<string, unknown>> {
  readonly version: number
  readonly concerns: Concern
  /** The events since the last announcement, for those who know the log up to there. */
  readonly news?: Readonly<Record<string, unknown>>
}

/** What was announced of a queue's appends, and what this process has to announce itself. */
export class Announcements {
  readonly #announced = new Versions()
  readonly #own = new Versions()
  readonly #events = new RecentEvents()
  readonly #messages = new MessageRate()
  readonly #mostPerSecond: number
  readonly #send: (announcement: Announcement) => boolean
  #timer: NodeJS.Timeout | undefined

  /**
   * @param mostPerSecond after so many messages in the last second, from any process, this one delays its own
   * @param send false: it cannot be sent now
   */
  constructor(mostPerSecond: number, send: (announcement: Announcement) => boolean) {
    this.#mostPerSecond = mostPerSecond
    this.#send = send
  }

  /** The last version that was announced. */
  get version(): number {
    return this.#announced.of('nobody')
  }

  /** The last version that this process appended. */
  get ownVersion(): number {
    return this.#own.of('nobody')
  }

  /** This process has appended. It tells the others, unless another announcement comes soon. */
  appended(version: number, concern: Concern): void {
    this.#own.note(version, concern)
    if (this.#timer === undefined) this.#tellIn(TELL_MS)
  }

  /** Events that this process appended, read, or was told. */
  saw(events: readonly RecordedEvent[]): void {
    this.#events.see(events)
  }

  /** A message has come, of any kind. */
  count(): void {
    this.#messages.count()
  }

  received(version: number, concern: Concern): void {
    this.#announced.note(version, concern)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #tellIn({ least, jitter }: typeof TELL_MS): void {
    this.#timer = setTimeout(() => this.#tell(), least + Math.random() * jitter).unref()
  }

  #tell(): void {
    this.#timer = undefined
    const concerns = this.#own.beyond(this.#announced)
    if (concerns === null) return
    if (this.#messages.lately() >= this.#mostPerSecond) return this.#tellIn(AGAIN_MS)
    const version = this.ownVersion
    const news = newsMessage(this.#events.between(this.version, version))
    if (!this.#send({ version, concerns, ...(news && { news }) })) return
    this.#announced.note(version, concerns)
    this.#messages.count()
  }
}

/** How often something happened in the last second. */
class MessageRate {
  #times: number[] = []

  count(): void {
    this.#times = [...this.#recent(), performance.now()]
  }

  lately(): number {
    return this.#recent().length
  }

  #recent(): number[] {
    const since = performance.now() - 1_000
    return this.#times.filter((time) => time > since)
  }
}
