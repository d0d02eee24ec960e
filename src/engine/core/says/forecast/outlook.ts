import { hash } from '../../values/hash.ts'
import type { JobSpec, Micros } from '../../values/job.ts'
import type { RunTimes, Times } from './run-times.ts'

/** Whose time is asked for. */
export interface Timed {
  readonly hash: number
  readonly spec: Pick<JobSpec, 'kind' | 'models'>
}

/** In one try, jobs of a kind and its models take one of so few of the times that were measured. */
const TIMES_OF_A_TRY = 2
/** So many measured times of its own weigh as much as all that is known of jobs that are like it. */
const ENOUGH = 3
/** In one try, all jobs of a model may take as much as this longer or shorter than before (a power of e). */
const PACE = 0.45
/** And those of all models together. */
const PACE_OF_ALL = 0.1
/** What is evenly spread has a standard deviation of 1 from minus to plus this. */
const EVENLY = Math.sqrt(3)

/**
 * How long jobs take in one try. The past is not the future: times follow one another that are alike, and what comes is seldom what
 * was. If each job took any of the measured times, a line of hundreds would take nearly the same in every try, and the range be far too
 * narrow. So a try goes by few of those times, and by a pace of each model, and the tries differ as much as one day from another.
 *
 * What a job takes in a try depends on nothing but the job and what was measured. So the same question has the same answer, and one job more
 * ahead makes nobody's start earlier who waits in strict order.
 */
export class Outlook {
  readonly #measured: RunTimes
  readonly #seed: number
  readonly #times = new Map<string, Times>()

  constructor(measured: RunTimes, seed: number) {
    this.#measured = measured
    this.#seed = Math.imul(seed + 1, 0x9e3779b1)
  }

  timeOf({ hash: own, spec }: Timed): Micros {
    return this.#pick(this.#timesOf(spec), own)
  }

  /** How long one still runs that has run for so long. One that takes longer than any before it: as long again as it has taken. */
  restOf({ hash: own, spec }: Timed, gone: Micros): Micros {
    const pace = this.#paceOf(spec)
    for (const times of this.#measured.of(spec)) {
      const longer = times.filter((time) => time * pace > gone)
      if (longer.length > 0) return this.#pick(longer, own) * pace - gone
    }
    return Math.max(gone, 1_000)
  }

  #timesOf(spec: Timed['spec']): Times {
    const key = JSON.stringify([spec.kind, spec.models])
    const known = this.#times.get(key)
    if (known !== undefined) return known
    const measured = this.#measured.of(spec)
    const pace = this.#paceOf(spec)
    const own = hash(key)
    const times = Array.from({ length: TIMES_OF_A_TRY }, (_, n) => this.#draw(measured, own + 7 * n) * pace)
    this.#times.set(key, times)
    return times
  }

  /** The fewer times of its own there are, the more often one of those that are like it. */
  #draw(measured: readonly Times[], own: number): Micros {
    const telling = measured.find(
      ({ length }, level) => this.#lot(own + 100 * (level + 1)) * (length + ENOUGH) < length,
    )
    return this.#pick(telling ?? measured.at(-1) ?? [], own)
  }

  /** That of its model; of a set that was never measured also one of its own, by how much sets differ. */
  #paceOf(spec: Timed['spec']): number {
    const shared = PACE_OF_ALL * this.#swing('') + PACE * this.#swing(this.#measured.groupOf(spec))
    if (this.#measured.knows(spec)) return Math.exp(shared)
    return Math.exp(shared + EVENLY * this.#measured.spread * this.#swing(JSON.stringify(spec.models)))
  }

  /** From -1 to 1. */
  #swing(name: string): number {
    return 2 * this.#lot(hash(name)) - 1
  }

  #pick(times: Times, own: number): Micros {
    return times[Math.floor(this.#lot(own) * times.length)] ?? 0
  }

  /** A number from 0 to 1, without 1, that is the same each time (mulberry32). */
  #lot(own: number): number {
    const state = (this.#seed ^ own) + 0x6d2b79f5
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
