import { type AuditedJob, byPosition, takesAll } from './job.ts'
import { Sorted } from './sorted.ts'

const sorted = () => new Sorted<AuditedJob>(byPosition)

/** One model: who has it, and who waits for it. */
export class ModelLine {
  readonly name: string
  /** Jobs, and batches by their numbers, each with the place of the model where it is, if it has one. */
  readonly holders = new Map<string | number, string | undefined>()
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

  /** How many of its places are taken: one that had units when they came may have several. */
  get taken(): number {
    const places = [...this.holders.values()]
    const known = new Set(places.filter((place) => place !== undefined))
    return known.size + places.filter((place) => place === undefined).length
  }

  take(holder: string | number, all: boolean, place: string | undefined): void {
    this.holders.set(holder, place)
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
