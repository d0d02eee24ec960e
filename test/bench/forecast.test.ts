/** How good the range of a start is, measured as the bench does it, on a small load that is made up. */
import { expect, it } from 'vitest'
import { calibrate } from '../../bench/forecast/calibrate.ts'
import { madeUpTrace } from '../../bench/schedule/trace.ts'

const load = { slots: 16, maxOvertakes: 0, apart: 0 }
const few = { moments: 4, jobs: 20 }
const [first, last] = [madeUpTrace(600).slice(0, 300), madeUpTrace(600).slice(300)]

it('most starts lie in the range that was told for them, which is narrower than that of past waits', () => {
  const { within, early, late, width, asked } = calibrate(first, last, load, { ...few, learns: false })
  expect(asked).toBeGreaterThan(30)
  expect(within + early + late).toBeCloseTo(1)
  expect(within).toBeGreaterThanOrEqual(0.75)
  expect(width).toBeLessThanOrEqual(0.5)
})

it('shows when what was measured is no guide: where everything takes three times as long, starts are late', () => {
  const slower = last.map((request) => ({ ...request, seconds: 3 * request.seconds }))
  const { within, late } = calibrate(first, slower, load, { ...few, learns: false })
  expect(within).toBeLessThan(0.5)
  expect(late).toBeGreaterThan(0.5)
})
