import type { Json } from '../core/index.ts'

const utf8 = new TextEncoder()

/** Bytes of JSON text. */
export function sizeOf(value: Json): number {
  return utf8.encode(JSON.stringify(value)).length
}

/** Such as -0.0000014287353253553296. */
const NUMBER = 25
/** A control character is six bytes of text; no other takes more. */
const ESCAPED = 6

/** An upper limit for the bytes of its JSON text, without writing it: most values are far below their limits. */
export const mostBytesOf = (value: Json): number => walked(value, ESCAPED)

/** About as many characters as its JSON text has. */
export const lengthOf = (value: Json): number => walked(value, 1)

function walked(value: Json, perUnit: number): number {
  if (typeof value === 'string') return value.length * perUnit + 3
  if (typeof value === 'number') return perUnit === 1 ? digitsOf(value) : NUMBER
  if (typeof value !== 'object' || value === null) return ESCAPED
  let sum = 3
  if (Array.isArray(value)) for (const item of value) sum += walked(item, perUnit)
  else
    for (const key in value)
      sum +=
        key.length * perUnit + 3 + walked((value as Readonly<Record<string, Json>>)[key] ?? null, perUnit)
  return sum
}

/** For whole numbers; any other number counts as a long one. */
function digitsOf(value: number): number {
  if (!Number.isSafeInteger(value)) return NUMBER
  let digits = 2
  for (let rest = Math.abs(value); rest >= 10; rest /= 10) digits++
  return digits
}
