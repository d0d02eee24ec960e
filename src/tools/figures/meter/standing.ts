import { isInLine, type Job, type Micros } from '../../../engine/core/index.ts'

/**
 * Who stands in line since when, and how many places in lines that makes. A job that is not due stands in none; one that is held by a
 * pause only waits for that model.
 */
export class Standing {
  /** In the order in which they came into line, as a `Map` keeps it. */
  readonly #inLine = new Map<string, { readonly since: Micros; readonly models: number }>()
  readonly #held = new Set<string>()
  #places = 0

  /** How many jobs wait for how many models: the sum over all lines, and over the jobs that pauses hold. */
  get places(): number {
    return this.#places + this.#held.size
  }

  get inLine(): number {
    return this.#inLine.size
  }

  /** Since when the job has stood in line that came first; null: none does. */
  get oldest(): Micros | null {
    const [first] = this.#inLine.values()
    return first?.since ?? null
  }

  /** @param job undefined: it is not live any more */
  look(jobId: string, job: Job | undefined, at: Micros): void {
    const stands = job !== undefined && isInLine(job)
    const known = this.#inLine.get(jobId)
    const models = job?.spec.models.length ?? 0
    if (known !== undefined && (!stands || known.models !== models)) {
      this.#inLine.delete(jobId)
      this.#places -= known.models
    }
    if (stands && !this.#inLine.has(jobId)) {
      this.#inLine.set(jobId, { since: known?.since ?? at, models })
      this.#places += models
    }
    if (job?.active === false && job.heldOn !== null) this.#held.add(jobId)
    else this.#held.delete(jobId)
  }
}
