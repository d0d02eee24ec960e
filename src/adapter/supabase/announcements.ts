import type { RecordedEvent } from '../../core/index.ts'
import type { Concern } from '../../port/index.ts'
import { Versions } from './concern.ts'
import { Rate } from './rate.ts'
import { newsMessage, RecentEvents } from './told-events.ts'

/**
 * The database does not announce every append (`job_queue_wake`). If a process has appended and hears no announcement for a
 * while, it tells the others itself, which costs no request. The jitter makes one process do it for all.
 */
const TELL_MS = { least: 120, jitter: 80 }
/** Sooner if another process may be waiting: the database's own message would have come by then. */
const TELL_SOON_MS = { least: 30, jitter: 20 }
/** After this many messages in the last second, from any process, a process delays its own: each message makes others look. */
const MOST_PER_SECOND = 6

/** What a process tells the others of its appends. */
export interface Announcement extends Readonly<Record<string, unknown>> {
  readonly version: number
  readonly concerns: Concern
  /** The events since the last announcement, for those who know the log up to there. */
  readonly news?: Readonly<Record<string, unknown>>
}

/** What was announced of a queue's appends, and what this process has to announce itself. */
export class Announcements {
  readonly #told = new Versions()
  readonly #own = new Versions()
  readonly #events = new RecentEvents()
  readonly #messages = new Rate()
  /** False if it cannot be sent now. */
  readonly #send: (announcement: Announcement) => boolean
  #timer: NodeJS.Timeout | undefined

  constructor(send: (announcement: Announcement) => boolean) {
    this.#send = send
  }

  /** The last version that was announced. */
  get version(): number {
    return this.#told.of('nobody')
  }

  /** The last version that this process appended. */
  get ownVersion(): number {
    return this.#own.of('nobody')
  }

  /** This process has appended. It tells the others, unless another announcement comes soon. */
  appended(version: number, concern: Concern, isUrgent: boolean): void {
    this.#own.note(version, concern)
    if (isUrgent && !this.#isCrowded) this.#tellIn(TELL_SOON_MS)
    else if (this.#timer === undefined) this.#tellIn(TELL_MS)
  }

  /** Events that this process appended, read, or was told. */
  saw(events: readonly RecordedEvent[]): void {
    this.#events.see(events)
  }

  /** A message has come, of any kind. */
  count(): void {
    this.#messages.count()
  }

  heard(version: number, concern: Concern): void {
    this.#told.note(version, concern)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  get #isCrowded(): boolean {
    return this.#messages.lately() >= MOST_PER_SECOND
  }

  #tellIn({ least, jitter }: typeof TELL_MS): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#tell(), least + Math.random() * jitter).unref()
  }

  #tell(): void {
    this.#timer = undefined
    const concerns = this.#own.beyond(this.#told)
    if (concerns === null) return
    if (this.#isCrowded) return this.#tellIn(TELL_MS)
    const version = this.ownVersion
    const news = newsMessage(this.#events.between(this.version, version))
    if (!this.#send({ version, concerns, ...(news && { news }) })) return
    this.#told.note(version, concerns)
    this.#messages.count()
  }
}
