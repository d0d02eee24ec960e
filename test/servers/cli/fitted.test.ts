import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitted } from '../../../src/apps/cli/show/what-if.ts'
import { table } from '../../../src/apps/cli/terminal/table.ts'

const grid = {
  head: ['rules', 'mean wait', 'p50', 'makespan'],
  rows: [
    ['1 what happened', '3 min 05 s', '21.7 s', '47 h 59 min'],
    ['2 by-model,overtakes=16,flux-dev=2', '1.2 ms', '840 ms', '2 h 04 min'],
  ],
}
const wide = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  Math.max(...table(head, rows).map((line) => line.length))

describe('a table that has to fit', () => {
  it('stays as it is where there is room', () => {
    expect(fitted(grid, 100, { least: 20, spare: ['p50'] })).toEqual({ ...grid, leftOut: [] })
  })

  it('cuts the names first, then leaves out columns that are spare', () => {
    const cut = fitted(grid, 60, { least: 20, spare: ['p50'] })
    expect(cut.leftOut).toEqual([])
    expect(cut.rows[1]?.[0]).toBe('2 by-model,overtakes=16,fl…')
    const less = fitted(grid, 50, { least: 20, spare: ['p50', 'makespan'] })
    expect(less).toMatchObject({ head: ['rules', 'mean wait', 'makespan'], leftOut: ['p50'] })
    expect(wide(less.head, less.rows)).toBeLessThanOrEqual(50)
  })

  it('is never wider than the terminal while there is something to cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 120 }), (width) => {
        const { head, rows } = fitted(grid, width, { least: 16, spare: ['p50', 'makespan'] })
        expect(wide(head, rows)).toBeLessThanOrEqual(width)
      }),
    )
  })
})
