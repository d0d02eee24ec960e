import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hash, type Json } from '../../../src/engine/core/index.ts'
import { lengthOf, mostBytesOf, sizeOf } from '../../../src/engine/events/json.ts'
import { payloadHash } from '../../../src/engine/events/payload-hash.ts'

const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', '10', '9', 'b', 'a', 'constructor'))
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
    ),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 4 }),
    fc
      .dictionary(key, tie('json'), { maxKeys: 5 })
      .map((object) => JSON.parse(JSON.stringify(object)) as Json),
  ) as fc.Arbitrary<Json>,
}))

/** As the logs that exist have it. */
function hashInOrder(payload: Json): number {
  return hash(
    JSON.stringify(payload, (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
      return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    }),
  )
}

describe('the hash of a payload', () => {
  it('is of its text with all keys in order', () => {
    fc.assert(fc.property(json, (payload) => payloadHash(payload) === hashInOrder(payload)))
  })

  it.each<[Json, Json]>([
    [
      { b: 1, a: 2 },
      { a: 2, b: 1 },
    ],
    [{ x: [{ d: 1, c: 2 }] }, { x: [{ c: 2, d: 1 }] }],
    [JSON.parse('{"b":1,"__proto__":2}'), JSON.parse('{"__proto__":2,"b":1}')],
  ])('of %j is that of %j', (one, other) => {
    expect(payloadHash(one)).toBe(payloadHash(other))
    expect(payloadHash(one)).toBe(hashInOrder(one))
  })
})

describe('the size of a value', () => {
  it('is never above what is said to be the most', () => {
    fc.assert(fc.property(json, (value) => sizeOf(value) <= mostBytesOf(value)))
    // The longest numbers: small, negative, and not yet written with an exponent.
    expect(sizeOf(-0.0000014287353253553296)).toBeLessThanOrEqual(mostBytesOf(-0.0000014287353253553296))
  })

  it('is about as long as it is said to be, of a payload as programs have it', () => {
    const payload = {
      n: 17,
      prompt: 'a fox in the snow, from above',
      width: 1024,
      seed: 1_000_003,
      list: [1, 2, null],
    }
    const length = JSON.stringify(payload).length
    expect(lengthOf(payload)).toBeGreaterThanOrEqual(length)
    expect(lengthOf(payload)).toBeLessThan(1.3 * length)
  })
})
