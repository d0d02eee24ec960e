import {
  bounds,
  failureCodes,
  type JobSpec,
  jobTypes,
  outcomes,
  reasonCodes,
  requeueReasons,
  type Units,
} from '../core/index.ts'

/** Guards of the kinds of values (event-table.ts). Each accepts what the schema of its kind does, in a tenth of the time. */
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
export const areTexts: Guard = (value) => Array.isArray(value) && value.every(isText)
export const isModel: Guard = (value) => areTexts(value) && (value as unknown[]).length === 1
/** Places by models. Names of models are anything: not a record of the schema, which drops a `__proto__`. */
export const arePlaces: Guard = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isText)
/** Amounts by resources. */
export const areUses: Guard = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isWhole)
export const areOffers: Guard = (value) => value === true || areTexts(value)

/** A plain {@link Dedupe}: one with `debounce` is left to the schema. */
export const isDedupe: Guard = (value) => {
  if (typeof value !== 'object' || value === null) return false
  const { key, while: lasts, ...more } = value as Readonly<Record<string, unknown>>
  const isTime = lasts === 'waiting' || lasts === 'live' || isCount(lasts)
  return isSoundText(key) && isTime && isNothingIn(more)
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
export function areSoundTexts(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  for (const text of value) if (!isSoundText(text)) return false
  return true
}

const unitName = /^[A-Za-z][\w-]{0,49}$/

/** Amounts by the names of units: letters, digits, `_` and `-`, the first one a letter, 50 characters at most. */
export function areUnits(value: unknown): value is Units {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
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
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).length === 1 &&
  Object.values(value).every(areUnits)
