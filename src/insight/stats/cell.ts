import {
  capacityOf,
  type Ledger,
  type Micros,
  modelOf,
  modelOpensAt,
  type ReasonCode,
} from '../../core/index.ts'

/** What one of the jobs has waited for since it came to the cell, in microseconds by phase: the clock then. */
export type Mark = readonly Micros[]

/** Told how long so many jobs have waited for something. */
export type OnWaited = (code: ReasonCode, model: string | null, micros: Micros) => void

/**
 * What some jobs wait for at the same time. They share a clock, so that an event that changes it for all of them costs the same
 * whether there are ten or a hundred thousand. The clock counts each phase by itself: a line of a model is now in use, now only
 * reserved, now over its rate.
 */
export class Cell {
  readonly key: string
  readonly model: string | null
  /** The reasons it goes through; the last one holds while the queue drains. */
  readonly phases: readonly ReasonCode[]
  jobs = 0
  /** By phase: how long a job has waited for it that has been here from the beginning. */
  readonly #clock: Micros[]
  #at: Micros
  /** The phase until then, and the one after that. */
  #first = 0
  #until = Number.POSITIVE_INFINITY
  #then = 0

  constructor(key: string, model: string | null, phases: readonly ReasonCode[], at: Micros) {
    this.key = key
    this.model = model
    this.phases = [...phases, 'draining']
    this.#clock = this.phases.map(() => 0)
    this.#at = at
  }

  /** Time alone puts the second phase in the place of the first. */
  turnAt(at: Micros): void {
    this.#until = at
    this.#then = 1
  }

  /** The line of a model, as it is after an event. */
  follow(ledger: Ledger, at: Micros): void {
    const model = this.model ?? ''
    const isFull = modelOf(ledger, model).holders.size >= capacityOf(ledger.policy, model)
    const opens = modelOpensAt(ledger, model)
    this.#then = isFull ? 1 : 2
    this.#first = opens > at ? 0 : this.#then
    this.#until = opens > at ? opens : Number.POSITIVE_INFINITY
  }

  get mark(): Mark {
    return [...this.#clock]
  }

  codeAt(at: Micros, drains: boolean): ReasonCode {
    const phase = drains ? this.phases.length - 1 : at < this.#until ? this.#first : this.#then
    return this.phases[phase] as ReasonCode
  }

  /** Lets the clock go on. Times that lie before it change nothing. */
  advance(to: Micros, drains: boolean, onWaited: OnWaited): void {
    const from = this.#at
    if (to <= from) return
    this.#at = to
    if (drains) return this.#spend(this.phases.length - 1, to - from, onWaited)
    const turn = Math.min(Math.max(this.#until, from), to)
    this.#spend(this.#first, turn - from, onWaited)
    this.#spend(this.#then, to - turn, onWaited)
  }

  /** How long a job that came at this mark has waited since, by reason. */
  since(mark: Mark, onWaited: (code: ReasonCode, micros: Micros) => void): void {
    for (const [phase, code] of this.phases.entries()) {
      const micros = (this.#clock[phase] ?? 0) - (mark[phase] ?? 0)
      if (micros > 0) onWaited(code, micros)
    }
  }

  #spend(phase: number, micros: Micros, onWaited: OnWaited): void {
    if (micros <= 0) return
    this.#clock[phase] = (this.#clock[phase] ?? 0) + micros
    if (this.jobs > 0) onWaited(this.phases[phase] as ReasonCode, this.model, micros * this.jobs)
  }
}

/** The phases of the line of a model, in the order that {@link Cell.follow} counts on. */
export const lineOfModel: readonly ReasonCode[] = ['rate_limited', 'model_in_use', 'behind_in_line']
