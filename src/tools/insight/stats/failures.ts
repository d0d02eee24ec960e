import {
  type AttemptEndEvent,
  endsAttempt,
  type Ledger,
  type Micros,
  type RecordedEvent,
} from '../../../engine/core/index.ts'

/** Attempts that ended in a period, and how many of them failed or were lost. One that was given back has not failed. */
export interface FailureShare {
  /** How many attempts ended. */
  readonly attempts: number
  /** How many of them failed or were lost. */
  readonly failed: number
}

/** Where attempts failed: the 20 places, workers and models at which most did; none at which none did. */
export interface AttemptFailures extends FailureShare {
  /** The same by place: the 20 with the most failures. Empty: no failed attempt had one. */
  readonly byPlace: readonly NamedFailures[]
  /** The same by process. */
  readonly byWorker: readonly NamedFailures[]
  /** The same by model. */
  readonly byModel: readonly NamedFailures[]
}

/** The failures of one place, process or model. */
export interface NamedFailures extends FailureShare {
  /** Which one. */
  readonly name: string
}

/** An attempt that has ended, and where it ran. */
export interface EndedAttempt {
  readonly at: Micros
  readonly failed: boolean
  readonly workerId: string | null
  readonly models: readonly string[]
  readonly places: readonly string[]
}

type RanAt = Pick<EndedAttempt, 'workerId' | 'models' | 'places'>

/** Follows attempts from their start to their end. */
export class FollowedAttempts {
  /** By the number of the start, which is the token of the attempt. */
  readonly #running = new Map<number, RanAt>()

  /** Those that run already. */
  begin({ jobs }: Ledger): void {
    for (const { active, token, workerId, spec, places } of jobs)
      if (active && token !== null)
        this.#running.set(token, { workerId, models: spec.models, places: placesIn(places) })
  }

  /** The attempt that ends with it; undefined: none, or one of which nobody has told the start. */
  note(event: RecordedEvent): EndedAttempt | undefined {
    if (event.type === 'started') {
      const { workerId, models, places } = event
      this.#running.set(event.seq, { workerId, models, places: placesIn(places ?? null) })
    }
    if (!endsAttempt(event)) return undefined
    const ran = this.#running.get(event.token)
    this.#running.delete(event.token)
    return ran && { at: event.at, failed: hasFailed(event), ...ran }
  }

  /** Whether the start is known of the attempt that ends with it. */
  knows({ token }: AttemptEndEvent): boolean {
    return this.#running.has(token)
  }
}

const placesIn = (places: Readonly<Record<string, string>> | null): readonly string[] =>
  places === null ? [] : [...new Set(Object.values(places))]

const hasFailed = (event: AttemptEndEvent): boolean =>
  event.type === 'lease_expired' || (event.type === 'failed' && event.code !== 'released')

const MOST = 20

/** Counts attempts by where they ran. */
export class FailureSums {
  readonly #all = { attempts: 0, failed: 0 }
  readonly #byPlace = new Map<string, Sum>()
  readonly #byWorker = new Map<string, Sum>()
  readonly #byModel = new Map<string, Sum>()

  add({ failed, workerId, models, places }: EndedAttempt): void {
    count(this.#all, failed)
    for (const place of places) count(sumOf(this.#byPlace, place), failed)
    if (workerId !== null) count(sumOf(this.#byWorker, workerId), failed)
    for (const model of models) count(sumOf(this.#byModel, model), failed)
  }

  get failures(): AttemptFailures {
    return {
      ...this.#all,
      byPlace: mostFailed(this.#byPlace),
      byWorker: mostFailed(this.#byWorker),
      byModel: mostFailed(this.#byModel),
    }
  }
}

interface Sum {
  attempts: number
  failed: number
}

const count = (sum: Sum, failed: boolean): void => {
  sum.attempts++
  if (failed) sum.failed++
}

function sumOf(sums: Map<string, Sum>, name: string): Sum {
  const sum = sums.get(name) ?? { attempts: 0, failed: 0 }
  sums.set(name, sum)
  return sum
}

const mostFailed = (sums: ReadonlyMap<string, Sum>): readonly NamedFailures[] =>
  [...sums]
    .filter(([, { failed }]) => failed > 0)
    .map(([name, sum]) => ({ name, ...sum }))
    .toSorted((a, b) => b.failed - a.failed || a.attempts - b.attempts || (a.name < b.name ? -1 : 1))
    .slice(0, MOST)
