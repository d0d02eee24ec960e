import { type Lease, type RecordedEvent, runningAttempt, type Started } from '../../core/index.ts'
import type { LogView } from '../replica/log-view.ts'

export interface OwnStartsOptions {
  readonly log: LogView
  readonly workerId: () => string
  /** A job was started for this process, and no answer to a command of its own will say so. */
  readonly onStarted: (attempt: Started) => void
}

interface Start {
  readonly jobId: string
  readonly token: number
}

/** The starts for this process, each told once: to the caller of the command that it came of, or else to the owner. */
export class OwnStarts {
  readonly #options: OwnStartsOptions
  /** Own commands under way, by id, with what they have started here as far as is known. */
  readonly #underWay = new Map<string, Start[]>()

  constructor(options: OwnStartsOptions) {
    this.#options = options
  }

  /** The caller gets the starts of its command. Without an answer they come here: they may be in the log nevertheless. */
  async during<T>(commandId: string, send: () => Promise<T>): Promise<T> {
    const starts: Start[] = []
    this.#underWay.set(commandId, starts)
    try {
      return await send()
    } catch (error) {
      for (const start of starts) this.#tell(start)
      throw error
    } finally {
      this.#underWay.delete(commandId)
    }
  }

  isUnderWay({ commandId }: RecordedEvent): boolean {
    return this.#underWay.has(commandId)
  }

  see(event: RecordedEvent): void {
    const { workerId } = this.#options
    if (event.type !== 'started' || event.workerId !== workerId()) return
    const start = { jobId: event.jobId, token: event.seq }
    const starts = this.#underWay.get(event.commandId)
    if (starts === undefined) queueMicrotask(() => this.#tell(start))
    else starts.push(start)
  }

  /** The attempt under this lease, if it is this process's as far as it knows. */
  attempt({ jobId, fencingToken, epoch }: Lease): Started | undefined {
    const { log, workerId } = this.#options
    if (log.ledger.epoch !== epoch) return undefined
    const attempt = runningAttempt(log.ledger, jobId, fencingToken)
    return attempt?.workerId === workerId() ? attempt : undefined
  }

  #tell({ jobId, token }: Start): void {
    const { log, workerId, onStarted } = this.#options
    const attempt = runningAttempt(log.ledger, jobId, token)
    if (attempt !== undefined) onStarted({ ...attempt, workerId: workerId() })
  }
}
