import { jobOf, type Lease, type RecordedEvent, type Started, startedJob } from '../core/index.ts'
import type { Replica } from './replica.ts'

export interface OwnStartsOptions {
  readonly replica: Replica
  readonly workerId: () => string
  /** A job was started for this process by a command that it did not send. */
  readonly onStarted: (attempt: Started) => void
}

/** The starts for this process, each told once: to the caller of the command that it came of, or else to the owner. */
export class OwnStarts {
  readonly #options: OwnStartsOptions
  /** Ids of own commands under way. */
  readonly #underWay = new Set<string>()

  constructor(options: OwnStartsOptions) {
    this.#options = options
  }

  /** What the command starts is told to its caller. */
  async during<T>(commandId: string, send: () => Promise<T>): Promise<T> {
    this.#underWay.add(commandId)
    try {
      return await send()
    } finally {
      this.#underWay.delete(commandId)
    }
  }

  isUnderWay({ commandId }: RecordedEvent): boolean {
    return this.#underWay.has(commandId)
  }

  see(event: RecordedEvent): void {
    const { workerId } = this.#options
    if (event.type !== 'started' || event.workerId !== workerId() || this.isUnderWay(event)) return
    queueMicrotask(() => this.#tell(event.jobId, event.seq))
  }

  /** The attempt under this lease, if it is this process's as far as it knows. */
  attempt({ jobId, fencingToken, epoch }: Lease): Started | undefined {
    const { replica, workerId } = this.#options
    const job = jobOf(replica.ledger, jobId)
    if (job?.active !== true || job.token !== fencingToken || replica.ledger.epoch !== epoch) return undefined
    return job.workerId === workerId() ? startedJob(job, epoch) : undefined
  }

  /** Another process started a job that this one had asked for. */
  #tell(jobId: string, token: number): void {
    const { replica, workerId, onStarted } = this.#options
    const { epoch } = replica.ledger
    const job = jobOf(replica.ledger, jobId)
    if (job === undefined || job.token !== token || !job.active) return
    onStarted({ ...startedJob(job, epoch), workerId: workerId() })
  }
}
