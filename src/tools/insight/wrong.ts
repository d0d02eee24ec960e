import {
  type CheckId,
  type CheckLevel,
  type CheckSubject,
  checkMs,
  checks,
  hasDecider,
  type Ledger,
  MICROS_PER_MS,
  type Micros,
  oneLine,
  type WorkerFact,
} from '../../engine/core/index.ts'
import type { OutsideLine, Submitted } from '../../engine/store/index.ts'
import type { Census } from './census.ts'
import { jobsThatWait } from './wrong-jobs.ts'
import { placesAway } from './wrong-places.ts'
import { queueAtLarge } from './wrong-queue.ts'

/** Something that is wrong with a queue now. */
export interface Wrong {
  readonly id: CheckId
  readonly about: CheckSubject
  readonly level: CheckLevel
  /** As a sentence: how many, and one of them by its name. */
  readonly what: string
  readonly remedy: string
  /** Since when it has been so; null: nobody knows. */
  readonly since: Micros | null
  /** A job to look at; null: it is not about jobs. */
  readonly jobId: string | null
}

/** What a rule says: how bad it is, and from when on, the list of checks knows. */
export type Said = Pick<Wrong, 'id' | 'what'> & Partial<Pick<Wrong, 'remedy' | 'since' | 'jobId'>>

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

/** From so many dead letters in an hour on it is no single job that fails. */
export const MOST_DEAD = 100

/** All that is wrong with a queue, by the list of checks: the problems first, and in the order of the list. Everybody who tells of it asks here. */
export function wrongIn(facts: WrongFacts): readonly Wrong[] {
  const said = [...jobsThatWait(facts), ...placesAway(facts), ...queueAtLarge(facts)]
  return said
    .filter((one) => isDue(facts, one))
    .map(wrongOf)
    .sort(byWeight)
}

/** It has been so for long enough. With nobody alive, nobody is about to change it. */
function isDue({ now, workers }: WrongFacts, { id, since }: Said): boolean {
  const isSoon = since !== null && since !== undefined && now - since < checkMs(id) * MICROS_PER_MS
  return !isSoon || !hasDecider({ workers })
}

function wrongOf({ id, what, remedy = checks[id].remedy, since = null, jobId = null }: Said): Wrong {
  const { about, level } = checks[id]
  return { id, about, level, what: oneLine(what), remedy: oneLine(remedy), since, jobId }
}

const order = Object.keys(checks)
const byWeight = (a: Wrong, b: Wrong): number =>
  Number(a.level === 'note') - Number(b.level === 'note') || order.indexOf(a.id) - order.indexOf(b.id)
