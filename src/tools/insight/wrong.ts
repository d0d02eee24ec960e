import {
  type CheckId,
  type CheckLevel,
  type CheckSubject,
  checkMs,
  checks,
  hasDecider,
  MICROS_PER_MS,
  type Micros,
  oneLine,
} from '../../engine/core/index.ts'
import type { FoundWrong, WrongFacts } from './wrong-facts.ts'
import { jobsThatWait } from './wrong-jobs.ts'
import { placesAway } from './wrong-places.ts'
import { queueAtLarge } from './wrong-queue.ts'

/** Something that is wrong with a queue now. */
export interface Wrong {
  /** Which check found it. */
  readonly id: CheckId
  /** What it is about. */
  readonly about: CheckSubject
  /** `problem` or `note`. */
  readonly level: CheckLevel
  /** As a sentence: how many, and one of them by its name. */
  readonly what: string
  /** What to do. */
  readonly remedy: string
  /** Since when it has been so; null: nobody knows. */
  readonly since: Micros | null
  /** A job to look at; null: it is not about jobs. */
  readonly jobId: string | null
}

/** All that is wrong with a queue, by the list of checks: the problems first, and in the order of the list. Everybody who tells of it asks here. */
export function wrongIn(facts: WrongFacts): readonly Wrong[] {
  const said = [...jobsThatWait(facts), ...placesAway(facts), ...queueAtLarge(facts)]
  return said
    .filter((one) => isDue(facts, one))
    .map(wrongOf)
    .sort(byWeight)
}

/** It has been so for long enough. With nobody alive, nobody is about to change it. */
function isDue({ now, workers }: WrongFacts, { id, since }: FoundWrong): boolean {
  const isSoon = since !== null && since !== undefined && now - since < checkMs(id) * MICROS_PER_MS
  return !isSoon || !hasDecider({ workers })
}

function wrongOf({ id, what, remedy = checks[id].remedy, since = null, jobId = null }: FoundWrong): Wrong {
  const { about, level } = checks[id]
  return { id, about, level, what: oneLine(what), remedy: oneLine(remedy), since, jobId }
}

const order = Object.keys(checks)
const byWeight = (a: Wrong, b: Wrong): number =>
  Number(a.level === 'note') - Number(b.level === 'note') || order.indexOf(a.id) - order.indexOf(b.id)
