import { jobOf, type Lease, type RecordedEvent, type Started, startedJob } from '../../core/index.ts'
import type { Replica } from '../replica/replica.ts'

export interface OwnStartsOptions {
  readonly replica: Replica
  readonly workerId: () => string
  /** A job was started for this process, and no answer to a command of its own will say so. */
  readonly onStarted: (attempt: Started) => void
}

/** The starts for this process, each told once: to the caller of the command that it came of, or else to the owner. */
export class OwnStarts {
  readonly #options: OwnStartsOptions
  /** Own commands under way, by id, with the tokens of what they have started here as far as is known. */
  readonly #underWay = new Map<string, { readonly jobId: string; readonly token: number }[]>()

  constructor(options: OwnStartsOptions) {
    this.#options = options
  }

  /** What the command starts is told to its caller. Without an answer it is told here: it may be in the log all the same. */
  async during<T>(commandId: string, send: () => Promise<T>): Promise<T> {
    const starts: { readonly jobId: string; readonly token: number }[] = []
    this.#underWay.set(commandId, starts)
    try {
      return await send()
    } catch (error) {
      for (const { jobId, token } of starts) this.#tell(jobId, token)
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
    const { jobId, seq: token } = event
    const starts = this.#underWay.get(event.commandId)
    if (starts === undefined) queueMicrotask(() => this.#tell(jobId, token))
    else starts.push({ jobId, token })
  }

  /** The attempt under this lease, if it is this process's as far as it knows. */
  attempt({ jobId, fencingToken, epoch }: Lease): Started | undefined {
    const { replica, workerId } = this.#options
    const job = jobOf(replica.ledger, jobId)
    if (job?.active !== true || job.token !== fencingToken || replica.ledger.epoch !== epoch) return undefined
    return job.workerId === workerId() ? startedJob(job, epoch) : undefined
  }

  #tell(jobId: string, token: number): void {
    const { replica, workerId, onStarted } = this.#options
    const { epoch } = replica.ledger
    const job = jobOf(replica.ledger, jobId)
    if (job === undefined || job.token !== token || !job.active) return
    onStarted({ ...startedJob(job, epoch), workerId: workerId() })
  }
}
