import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exponentOf } from '../../bench/growth/fit.ts'

describe('exponentOf', () => {
  it('finds the power that costs grow with', () => {
    const power = fc.double({ min: -1, max: 3, noNaN: true })
    const factor = fc.double({ min: 0.001, max: 1_000, noNaN: true })
    fc.assert(
      fc.property(power, factor, (exponent, times) => {
        const points = [10, 100, 1_000, 5_000].map((size) => ({ size, cost: times * size ** exponent }))
        expect(exponentOf(points)).toBeCloseTo(exponent, 6)
      }),
    )
  })
})
