import { bounds } from '../core/index.ts'

/** An object with no other fields than these. */
export function hasOnly(
  value: unknown,
  known: ReadonlySet<string>,
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false
  for (const key in value) if (!known.has(key)) return false
  return true
}

/** Letters, digits and signs of ASCII: every kind of name allows these. */
const ordinary = /^[ -~]+$/

export const isPlainName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= bounds.idLength && ordinary.test(value)

/** Excludes -0, which only a schema turns into 0. */
export const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0)
