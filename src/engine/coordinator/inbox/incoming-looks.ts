import { isOfRow, MICROS_PER_MS, type Micros, type RecordedEvent } from '../../core/index.ts'
import type { Incoming, LookPolicy } from '../../store/index.ts'
import { ContentionWindow } from '../base/contention-window.ts'
import { isOfInbox } from './inbox.ts'

/** How this process looks for what came in. */
export interface LookingProcess {
  lookForRows(): void
  lookForRequests(): void
  /** A worker of this process would start what came in. */
  readonly hasWorker: boolean
  /** The database's clock. */
  now(): Micros
}

/** How long a message may travel. An event that is older than that is not about what the message tells of. */
const TRAVEL: Micros = 300 * MICROS_PER_MS

/** A process without a worker leaves what came in to those that have one for so long: there it comes into line and starts in one append. */
const OTHERS_MS = 10

/** Follows messages about rows of `jobs` that have arrived, and about commands by SQL. */
export class IncomingLooks {
  readonly rows: FirstLook
  readonly requests: FirstLook
  readonly #yields: boolean
  readonly #process: Pick<LookingProcess, 'now' | 'hasWorker'>
  /** When the last message was sent, at the earliest. */
  #sentAt: Micros = 0

  constructor(process: LookingProcess, { yieldsAfterLoss }: LookPolicy) {
    this.#yields = yieldsAfterLoss
    this.#process = process
    this.rows = new FirstLook(yieldsAfterLoss, () => process.lookForRows())
    this.requests = new FirstLook(yieldsAfterLoss, () => process.lookForRequests())
  }

  /** @param again more may have come after the last message, without one. Then the process looks that has taken in the rest. */
  receive(incoming: Incoming, again = false): void {
    const takenBy = [this.rows.takenBy, this.requests.takenBy]
    if (again && this.#yields && takenBy.includes('this')) {
      this.rows.look()
      this.requests.look()
    } else if (!again || !this.#yields || !takenBy.includes('another'))
      this.#receive(incoming, this.#process.hasWorker ? 0 : OTHERS_MS)
  }

  /** Messages may have been missed. */
  missed(): void {
    this.#receive('both', 0)
  }

  /** An event that this process has folded. Returns true if rows were taken in, of which the last message may have told. */
  see(event: RecordedEvent): boolean {
    if (event.at < this.#sentAt) return false
    if (isOfInbox(event)) this.requests.seeTaken()
    if (!isOfRow(event)) return false
    this.rows.seeTaken()
    return true
  }

  close(): void {
    this.rows.close()
    this.requests.close()
  }

  #receive(incoming: Incoming, leaveMs: number): void {
    this.#sentAt = this.#process.now() - TRAVEL
    this.rows.takenBy = 'nobody'
    this.requests.takenBy = 'nobody'
    if (incoming !== 'requests') this.rows.receive()
    if (incoming !== 'rows') this.requests.receive(leaveMs)
  }
}

/** Who has taken something in since the last message, as far as this process knows. */
type TakenBy = 'nobody' | 'this' | 'another'

/**
 * When this process looks for what came in beside the log. A message about it reaches all processes at once, and one takes in
 * everything. Where each call has its price, those that found nothing because another one was faster let others look first, and do
 * not look if the log shows meanwhile that one has taken something in. If that one dies, a heartbeat tells of the rest.
 */
class FirstLook {
  readonly look: () => void
  takenBy: TakenBy = 'nobody'
  readonly #window: ContentionWindow | undefined
  #timer: NodeJS.Timeout | undefined
  /** The look under way was made because a message had come. */
  #isAnswer = false
  /** When it was made, by `performance.now()`, and how long it took. */
  #madeAt = 0
  #tookMs = 0
  /** The look for the last message found nothing. */
  #foundNothing = false

  /** @param yields after a loss, others look first; otherwise it looks whenever it hears of something */
  constructor(yields: boolean, look: () => void) {
    this.#window = yields ? new ContentionWindow() : undefined
    this.look = look
  }

  /** A message has come. @param leaveMs for how long the process leaves that to others, unless it yields after a loss */
  receive(leaveMs = 0): void {
    this.#foundNothing = false
    const ms = this.#window?.delayMs() ?? leaveMs
    if (ms === 0) this.#answer()
    else this.#timer ??= setTimeout(() => this.#answer(), ms).unref()
  }

  /** The log shows that a process has taken something in. If it was this one, {@link looked} follows. */
  seeTaken(): void {
    this.takenBy = 'another'
    if (this.#foundNothing) this.#lose()
    this.close()
  }

  /** A look has ended. */
  looked(found: boolean): void {
    if (found) this.takenBy = 'this'
    if (!this.#isAnswer) return
    this.#isAnswer = false
    this.#tookMs = performance.now() - this.#madeAt
    if (found) this.#window?.won()
    else if (this.takenBy === 'another') this.#lose()
    else this.#foundNothing = true
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #lose(): void {
    this.#foundNothing = false
    this.#window?.lost(this.#tookMs)
  }

  #answer(): void {
    this.#timer = undefined
    this.#isAnswer = true
    this.#madeAt = performance.now()
    this.look()
  }
}
