import type { SingleFlight } from '../base/concurrency.ts'
import { ContentionWindow } from '../base/contention-window.ts'
import type { AppendTry } from './appender.ts'
import { isLook, type Pending } from './pending.ts'

/**
 * Looks that wait a moment, where each call has its price and other processes were faster before: an event that says that a job
 * may start reaches all of them at once. Meanwhile messages tell what the others did, and most looks then come to nothing
 * without a call. Commands of any other kind go at once, and take along the looks that wait.
 */
export class HeldLooks {
  readonly #window = new ContentionWindow()
  readonly #sending: Pick<SingleFlight, 'request'>
  #timer: NodeJS.Timeout | undefined
  /** Those that wait now have waited long enough. */
  #isOver = false

  /** @param sending is asked to go on when the looks have waited long enough */
  constructor(sending: Pick<SingleFlight, 'request'>) {
    this.#sending = sending
  }

  /** True while these have to wait. */
  holds(pending: readonly Pending[]): boolean {
    if (this.#isOver || !pending.every(isLook)) return false
    if (this.#timer !== undefined) return true
    const ms = this.#window.delayMs()
    if (ms === 0) return false
    this.#timer = setTimeout(() => this.release(), ms)
    return true
  }

  /** The commands that waited are sent. */
  taken(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isOver = false
  }

  /** Looks were sent. True: another process took what they looked for, and they come again later. */
  lost(tried: AppendTry): boolean {
    if (tried.answer?.ok === true) this.#window.won()
    if (!wasTaken(tried)) return false
    this.#window.lost(tried.tookMs)
    return true
  }

  /** Nothing waits any longer. */
  release(): void {
    if (this.#timer === undefined) return
    this.taken()
    this.#isOver = true
    void this.#sending.request()
  }
}

/** Whether a lost append was lost because another process had recorded some of it: the same starts, or the same that was due. */
function wasTaken({ decision, answer }: AppendTry): boolean {
  if (answer === null || answer.ok || answer.reason !== 'version') return false
  const wanted = new Set(decision.events.map(matterOf))
  return answer.missed.some((event) => wanted.has(matterOf(event)))
}

const matterOf = (event: AppendTry['decision']['events'][number]): string =>
  `${event.type} ${'jobId' in event ? event.jobId : ''}`
