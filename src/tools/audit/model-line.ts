import { type AuditedJob, byPosition, takesAll } from './job.ts'
import { Sorted } from './sorted.ts'

const sorted = () => new Sorted<AuditedJob>(byPosition)

/** Who waits for a model. */
export class ModelLine {
  readonly name: string
  readonly line = sorted()
  /** The jobs in line that the model is kept for. */
  readonly kept = sorted()
  /** The jobs in line that this model had no room for when they were last looked at. */
  readonly parked = sorted()
  /** How many in line want all of it. */
  #wanting = 0

  constructor(name: string) {
    this.name = name
  }

  get isWanted(): boolean {
    return this.#wanting > 0
  }

  join(job: AuditedJob, keeps: boolean): void {
    this.line.add(job)
    if (takesAll(job, this.name)) this.#wanting++
    if (keeps) this.kept.add(job)
  }

  leave(job: AuditedJob): void {
    if (this.line.delete(job) && takesAll(job, this.name)) this.#wanting--
    this.kept.delete(job)
  }

  /** How much of it those ahead keep from the job. @param keeps some of them do not */
  keptFrom(job: AuditedJob, keeps?: (other: AuditedJob) => boolean): number {
    if (keeps === undefined && !this.isWanted) return this.kept.rank(job)
    const ahead = this.kept.before(job)
    const keeping = keeps === undefined ? ahead : ahead.filter(keeps)
    return keeping.some((other) => takesAll(other, this.name)) ? Number.POSITIVE_INFINITY : keeping.length
  }
}
