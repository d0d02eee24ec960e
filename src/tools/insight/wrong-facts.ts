import {
  type CheckId,
  checks,
  type Ledger,
  MICROS_PER_SECOND,
  type Micros,
  type WorkerFact,
} from '../../engine/core/index.ts'
import type { OutsideLine, Submitted } from '../../engine/store/index.ts'
import type { Census } from './census.ts'

/** What a rule says: how bad it is, and from when on, the list of checks knows. */
export interface FoundWrong {
  readonly id: CheckId
  /** As a sentence: how many, and one of them by its name. */
  readonly what: string
  /** Absent: that of the list. */
  readonly remedy?: string
  readonly since?: Micros | null
  readonly jobId?: string | null
}

/** What was found among these. */
export const those = (...found: readonly (FoundWrong | false)[]): readonly FoundWrong[] =>
  found.filter((each) => each !== false)

/** What is known of a queue at one moment. */
export interface WrongFacts {
  readonly now: Micros
  readonly ledger: Ledger
  readonly workers: readonly WorkerFact[]
  /** Jobs whose end is committed; absent: nobody has looked. */
  readonly ending?: ReadonlySet<string>
  /** All live jobs of this ledger, or of one a moment before. */
  readonly census: Census
  /** Null: this store has nothing outside of the line. Undefined: it could not be read. */
  readonly outside: OutsideLine | null | undefined
  /** What was submitted and refused since; undefined: it could not be read. */
  readonly refused: Pick<Submitted, 'refused' | 'jobs'> | undefined
  /** Dead letters of the last hour, counted to {@link MOST_DEAD}; undefined: they could not be read. */
  readonly dead: number | undefined
}

/** So many of the newest dead letters are read: from there on it is no single job that fails. */
export const MOST_DEAD = checks.many_dead.least
const HOUR: Micros = 3_600 * MICROS_PER_SECOND

/** How many of these dead letters are of the last hour. */
export const deadLately = (letters: readonly { readonly at: Micros }[], now: Micros): number =>
  letters.filter(({ at }) => at > now - HOUR).length
