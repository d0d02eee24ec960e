import { capacityOf, heldModels, type Ledger, type Micros, type Policy } from '../../../engine/core/index.ts'
import { Level, type Slices } from './levels.ts'

/** How one model was used over a period. */
export interface ModelStats {
  /** Which model. */
  readonly model: string
  /** How many jobs may have it at once. */
  readonly places: number
  /** How many attempts had it. */
  readonly attempts: number
  /** Holders × time, in milliseconds. */
  readonly heldMs: number
  /** The share of its places × time that was held, from 0 to 1. */
  readonly utilisation: number
  /** The utilisation in each slice. */
  readonly perSlice: readonly number[]
}

/** Who holds which model, over time. */
export class ModelLevels {
  readonly #slices: Slices
  readonly #levels = new Map<string, { readonly level: Level; attempts: number }>()
  readonly #held = new Map<
    string,
    { readonly models: readonly string[]; readonly batch: number | undefined }
  >()
  /** How many jobs of a batch run: together they hold their models once. */
  readonly #members = new Map<number, number>()

  constructor(slices: Slices, ledger: Ledger) {
    this.#slices = slices
    for (const place of ledger.active) {
      const job = ledger.jobs.get(place)
      if (job !== undefined) this.#hold(job.jobId, heldModels(job), slices.from, job.batch ?? undefined)
    }
  }

  /** @param batch in which it starts */
  start(jobId: string, models: readonly string[], at: Micros, batch?: number): void {
    this.#hold(jobId, models, at, batch)
    for (const name of models) this.#model(name).attempts++
  }

  end(jobId: string, at: Micros): void {
    const { models = [], batch } = this.#held.get(jobId) ?? {}
    this.#held.delete(jobId)
    if (this.#count(batch, -1) > 0) return
    for (const name of models) this.#add(name, at, -1)
  }

  /** A job that goes on has given it back. */
  giveBack(jobId: string, model: string, at: Micros): void {
    const held = this.#held.get(jobId)
    if (held === undefined) return
    this.#held.set(jobId, { ...held, models: held.models.filter((name) => name !== model) })
    this.#add(model, at, -1)
  }

  /** The most used first. @param policy says how many places there were: the policy at the end of the period */
  report(policy: Policy): readonly ModelStats[] {
    const { from, to } = this.#slices
    return [...this.#levels]
      .map(([model, { level, attempts }]) => {
        const places = capacityOf(policy, model)
        const area = level.area()
        return {
          model,
          places,
          attempts,
          heldMs: Math.round(area) / 1_000,
          utilisation: area / (places * Math.max(1, to - from)),
          perSlice: level.means().map((mean) => mean / places),
        }
      })
      .toSorted((a, b) => b.heldMs - a.heldMs || (a.model < b.model ? -1 : 1))
  }

  /** How many others of the batch go on, or were there before. */
  #count(batch: number | undefined, by: 1 | -1): number {
    if (batch === undefined) return 0
    const before = this.#members.get(batch) ?? 0
    this.#members.set(batch, before + by)
    return by === 1 ? before : before - 1
  }

  #hold(jobId: string, models: readonly string[], at: Micros, batch: number | undefined): void {
    this.#held.set(jobId, { models, batch })
    if (this.#count(batch, 1) > 0) return
    for (const name of models) this.#add(name, at, 1)
  }

  #add(name: string, at: Micros, by: 1 | -1): void {
    const { level } = this.#model(name)
    level.set(at, level.value + by)
  }

  #model(name: string) {
    const known = this.#levels.get(name)
    if (known !== undefined) return known
    const made = { level: new Level(this.#slices), attempts: 0 }
    this.#levels.set(name, made)
    return made
  }
}
