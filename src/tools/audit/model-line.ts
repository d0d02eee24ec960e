import { type AuditedJob, byPlace, takesAll } from './job.ts'
import { Sorted } from './sorted.ts'

const sorted = () => new Sorted<AuditedJob>(byPlace)

/** One model: who has it, and who waits for it. */
export class ModelLine {
  readonly name: string
  /** Jobs, and batches by their numbers. */
  readonly holders = new Set<string | number>()
  /** Those that have all of it. */
  readonly whole = new Set<string | number>()
  readonly line = sorted()
  /** The jobs in line that the model is kept for. */
  readonly kept = sorted()
  /** The jobs in line that this model had no place for when they were last looked at. */
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

  take(holder: string | number, all: boolean): void {
    this.holders.add(holder)
    if (all) this.whole.add(holder)
  }

  giveBack(holder: string | number): void {
    this.holders.delete(holder)
    this.whole.delete(holder)
  }

  /**
   * Whether a job could have it.
   * @param places how many can. @param given how many of those who have it or are ahead count as gone
   * @param passed those ahead that keep nothing from it, which `given` counts
   */
  hasPlace(job: AuditedJob, places: number, given = 0, passed: readonly AuditedJob[] = []): boolean {
    if (this.whole.size > 0) return false
    if (this.isWanted) {
      const kept = this.kept.before(job).filter((other) => !passed.includes(other))
      if (takesAll(job, this.name)) return this.holders.size + kept.length === 0
      if (kept.some((other) => takesAll(other, this.name))) return false
    }
    return this.holders.size + this.kept.rank(job) - given < places
  }
}
