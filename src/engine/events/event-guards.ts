import {
  bounds,
  failureCodes,
  type JobSpec,
  jobTypes,
  outcomes,
  overlapRules,
  reasonCodes,
  requeueReasons,
  skipReasons,
  type Units,
} from '../core/index.ts'
import type { ValueKind } from './event-table.ts'

/** Guards of the kinds of values (event-table.ts). */
type Guard = (value: unknown) => boolean

const oneOf = (words: readonly string[]): Guard => {
  const set: ReadonlySet<unknown> = new Set(words)
  return (value) => set.has(value)
}

export const isText: Guard = (value) => typeof value === 'string' && value.length > 0
export const isInt: Guard = (value) => Number.isSafeInteger(value)
export const isWhole: Guard = (value) => Number.isSafeInteger(value) && (value as number) >= 0
export const isCount: Guard = (value) => Number.isSafeInteger(value) && (value as number) >= 1
export const isReal: Guard = (value) => Number.isFinite(value)
export const isTrue: Guard = (value) => value === true
export const isBoolean: Guard = (value) => typeof value === 'boolean'
export const isJobType = oneOf(jobTypes)
export const isReason = oneOf(reasonCodes)
export const isFailure = oneOf(failureCodes)
export const isRequeue = oneOf(requeueReasons)
export const isOutcome = oneOf(outcomes)
export const isOverlap = oneOf(overlapRules)
export const isSkip = oneOf(skipReasons)
/** The log holds codes and no texts: whatever people have to say about a pause belongs elsewhere. */
export const isPause: Guard = (value) => typeof value === 'string' && /^[a-z][a-z0-9_]{0,49}$/.test(value)
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const areTexts: Guard = (value) => Array.isArray(value) && value.every(isText)
export const isModel: Guard = (value) => areTexts(value) && (value as unknown[]).length === 1
/** Places by models. */
export const arePlaces: Guard = (value) => isRecord(value) && Object.values(value).every(isText)
/** Amounts by resources. */
export const areUses: Guard = (value) => isRecord(value) && Object.values(value).every(isWhole)
export const areOffers: Guard = (value) => value === true || areTexts(value)

export const isDedupe: Guard = (value) => {
  if (!isRecord(value)) return false
  const { key, while: lasts, debounce, ...more } = value
  const isTime = lasts === 'waiting' || lasts === 'live' || isCount(lasts)
  return isText(key) && isTime && (debounce === undefined || isDebounce(debounce)) && isNothingIn(more)
}

function isDebounce(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { delay, maxDelay, ...more } = value
  return isCount(delay) && isCount(maxDelay) && isNothingIn(more)
}

function isNothingIn(object: object): boolean {
  for (const _ in object) return false
  return true
}

/** A text that jsonb accepts: no NUL, no half of a surrogate pair. */
export function isSound(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
}

/** Texts of an event that is about to be written. */
export const isSoundText: Guard = (value) => isSound(value) && value.length > 0
export const areSoundPlaces: Guard = (value) =>
  arePlaces(value) && areSoundTexts(Object.entries(value as object).flat())
export const areSoundUses: Guard = (value) => areUses(value) && areSoundTexts(Object.keys(value as object))
export const isSoundDedupe: Guard = (value) =>
  isDedupe(value) && isSound((value as { readonly key: unknown }).key)
export function areSoundTexts(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const text of value) if (!isSoundText(text)) return false
  return true
}

const unitName = /^[A-Za-z][\w-]{0,49}$/

/** Amounts by the names of units: letters, digits, `_` and `-`, the first one a letter, 50 characters at most. */
export function areUnits(value: unknown): value is Units {
  if (!isRecord(value)) return false
  const entries = Object.entries(value)
  const isAmount = (amount: unknown) =>
    Number.isSafeInteger(amount) && (amount as number) >= 1 && (amount as number) <= bounds.units
  return (
    entries.length >= 1 &&
    entries.length <= bounds.unitNames &&
    entries.every(([name, amount]) => unitName.test(name) && isAmount(amount))
  )
}

/** What a job asks of a place, by the one model that has units. */
export const areAsks = (value: unknown): value is NonNullable<JobSpec['asks']> =>
  isRecord(value) && Object.keys(value).length === 1 && Object.values(value).every(areUnits)

const oneOfThese = (words: readonly string[]) => `must be one of ${words.join(', ')}`

/** What has to stand where a value of this kind does, for messages. */
export const demands: Readonly<Record<ValueKind | 'offers', string>> = {
  text: 'must be a text',
  texts: 'must be a list of texts',
  model: 'must be a list of one model',
  jobType: oneOfThese(jobTypes),
  reason: oneOfThese(reasonCodes),
  failure: oneOfThese(failureCodes),
  requeue: oneOfThese(requeueReasons),
  outcome: oneOfThese(outcomes),
  overlap: oneOfThese(overlapRules),
  skip: oneOfThese(skipReasons),
  pause: 'must be a code of 1 to 50 letters a to z, digits and underscores that begins with a letter',
  dedupe: 'must be a digest of a key, and for how long it counts',
  places: 'must be places by models',
  asks: 'must be amounts of units by one model',
  uses: 'must be amounts by resources',
  offers: 'must be true, or a list of jobs',
  count: 'must be a whole number of 1 or more',
  whole: 'must be a whole number of 0 or more',
  int: 'must be a whole number',
  real: 'must be a number',
  true: 'must be true, or not there',
  boolean: 'must be true or false',
  policy: 'must be a policy',
  record: 'must be an object',
}
