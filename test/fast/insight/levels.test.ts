import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Level } from '../../../src/tools/insight/stats/levels.ts'

/** Stretches as they come: microseconds since 1970, and slices that do not divide them. */
const slices = fc.record({
  from: fc.integer({ min: 1.7e15, max: 1.8e15 }),
  length: fc.integer({ min: 1_000_000, max: 1e12 }),
  count: fc.integer({ min: 1, max: 200 }),
})

describe('a level', () => {
  it('that never changes has itself as the mean of every slice, however often it is looked at', () => {
    fc.assert(
      fc.property(
        slices,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        ({ from, length, count }, looks) => {
          const level = new Level({ from, to: from + length, count }, 7)
          const borders = Array.from({ length: count }, (_, n) => from + ((n + 1) * length) / count)
          const times = [...looks.map((part) => from + part * length), ...borders].toSorted((a, b) => a - b)
          for (const at of times) level.set(at, 7)
          for (const mean of level.means()) expect(mean).toBeCloseTo(7, 1)
        },
      ),
    )
  })

  it('that falls step by step falls from slice to slice', () => {
    fc.assert(
      fc.property(slices, fc.integer({ min: 1, max: 300 }), ({ from, length, count }, steps) => {
        const level = new Level({ from, to: from + length, count }, steps)
        for (let n = 1; n <= steps; n++) level.set(from + Math.round((n * length) / (steps + 1)), steps - n)
        const means = level.means()
        for (const [n, mean] of means.entries())
          expect(mean).toBeLessThanOrEqual((means[n - 1] ?? steps) + 0.1)
      }),
    )
  })
})
