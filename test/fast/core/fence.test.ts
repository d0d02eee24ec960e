import { describe, expect, it } from 'vitest'
import { fenceOf } from '../../../src/engine/core/index.ts'

/** Epochs and tokens of starts, in the order in which they came: each crosses from 9 to 10, and tokens are used again in a new epoch. */
const starts = [
  [1, 9],
  [1, 10],
  [9, 2],
  [9, 10],
  [9, 1_000],
  [10, 9],
  [10, 10],
  [99, Number.MAX_SAFE_INTEGER],
  [100, 1],
  [2_147_483_647, Number.MAX_SAFE_INTEGER],
] as const
const fences = starts.map(([epoch, fencingToken]) => fenceOf({ epoch, fencingToken }))

describe('the fence of an attempt (fenceOf)', () => {
  it('is epoch and token, padded to 10 and 16 digits', () => {
    expect(fenceOf({ epoch: 9, fencingToken: 10 })).toBe('0000000009.0000000000000010')
    expect(new Set(fences.map((fence) => fence.length))).toEqual(new Set([27]))
  })

  it('compares as the starts came, in JavaScript', () => {
    for (const [i, fence] of fences.entries())
      for (const later of fences.slice(i + 1)) expect(fence < later).toBe(true)
    expect(fences.toReversed().toSorted()).toEqual(fences)
  })
})
