import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { curvesOf, growthChart } from '../../../bench/growth/draw.ts'
import { exponentOf } from '../../../bench/growth/fit.ts'

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

describe('growthChart', () => {
  const rows = [
    { what: 'models in all: 10', unit: 'ms per job', samples: [1, 2, 3] },
    { what: 'models in all: 10,000', unit: 'ms per job', samples: [4] },
    { what: 'models in all: exponent', unit: '', samples: [0.1] },
    { what: 'worker processes: 1', unit: 'ms per job', samples: [0.5] },
    { what: 'worker processes: exponent', unit: '', samples: [0] },
  ]

  it('takes the rows of a dimension as one curve, with their medians', () => {
    expect(curvesOf(rows)).toEqual([
      {
        what: 'models in all',
        points: [
          { size: 10, cost: 2 },
          { size: 10_000, cost: 4 },
        ],
        exponent: 0.1,
      },
      { what: 'worker processes', points: [{ size: 1, cost: 0.5 }], exponent: 0 },
    ])
  })

  it('draws a panel for each, from zero, and a dot for each size', () => {
    const svg = growthChart(curvesOf(rows))
    expect(svg.match(/class="title"/g)).toHaveLength(2)
    expect(svg).toContain('models in all')
    expect(svg).toContain('<title>10,000: 4 ms a job</title>')
    expect(svg).toContain('>10k<')
    // The second costs twice as much, and stands twice as high above the axis at 124.
    const heights = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => 124 - Number(y))
    expect((heights[1] ?? 0) / (heights[0] ?? 1)).toBeCloseTo(2, 1)
    expect(svg).not.toContain('NaN')
  })
})
