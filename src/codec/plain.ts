import { bounds } from '../core/index.ts'

/** An object as a program writes it down, with no fields but these. */
export function hasOnly(
  value: unknown,
  known: ReadonlySet<string>,
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false
  for (const key in value) if (!known.has(key)) return false
  return true
}

/** Letters, digits and signs of ASCII: no name has fewer rules. */
const ordinary = /^[ -~]+$/

export const isPlainName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= bounds.idLength && ordinary.test(value)

/** Of -0 only a schema makes 0. */
export const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0)
