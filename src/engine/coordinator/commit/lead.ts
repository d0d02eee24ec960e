import type { Micros } from '../../core/index.ts'

/** Shorter ways need no allowance: the store accepts an event that is off by up to 1 s. */
const NOTABLE: Micros = 500_000

/** Appends of fewer jobs teach the way, which is the same for all; those of more teach what each job adds. */
const MANY = 100

/** An append without starts may be 5 s late and 1 s early: it is timed for the middle of that. */
const MIDDLE: Micros = 2_000_000

/** An append that was decided for so many jobs, and when it came to the database's clock. */
export interface TimedAppend {
  readonly jobs: number
  /** From when its events would have had their time without an allowance, by the database's clock. */
  readonly took: Micros
  /** The store refused it, since its times were wrong. */
  readonly isRefused: boolean
}

/**
 * How long it takes from the decision of an append until the database looks at its clock: its events are timed for their arrival.
 * That is the decision, the encoding and the way there. Zero where it is short.
 *
 * An arrival that took longer than those before it counts once the next one does too: it may have waited for a lock, and what is
 * timed too early for the store costs less than what is from the future. A refusal counts at once.
 */
export class Lead {
  readonly #outbound = new Least()
  readonly #each = new Least()

  /**
   * @param least what any call takes on its way there, as far as is known: holds until the first append has come
   * @param startsNothing so it may be late
   */
  for(jobs: number, least: Micros, startsNothing: boolean): Micros {
    const outbound = this.#outbound.value ?? least
    const whole =
      (jobs < MANY ? outbound : outbound + jobs * (this.#each.value ?? 0)) - (startsNothing ? MIDDLE : 0)
    return whole < NOTABLE ? 0 : Math.round(whole)
  }

  learn({ jobs, took, isRefused }: TimedAppend, least: Micros): void {
    const outbound = this.#outbound.value ?? least
    if (jobs < MANY) this.#outbound.learn(took, isRefused, least)
    else this.#each.learn(Math.max(0, took - outbound) / jobs, isRefused, 0)
  }
}

/** The least of the last two measures, or the last one if that is certain. */
class Least {
  #last: number | undefined
  value: number | undefined

  /** @param before what counts as the measure before the first one */
  learn(measure: number, isCertain: boolean, before: number): void {
    this.value = isCertain ? measure : Math.min(measure, this.#last ?? before)
    this.#last = measure
  }
}
