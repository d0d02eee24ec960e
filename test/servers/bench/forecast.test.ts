/** How good the range of a start is, on a small load that is made up. */
import { expect, it } from 'vitest'
import { madeUpTrace } from '../../../bench/schedule/trace.ts'
import { calibrate } from './forecast/calibrate.ts'
import { loads } from './forecast/loads.ts'
import { drawn } from './forecast/stretches.ts'

const few = { every: 25, jobs: 10 }
const [stretch] = drawn(madeUpTrace(900), 1, 300)

it.each(loads.filter(({ name }) => name.includes('bursts')))(
  '$name: most starts lie in the range that was told for them',
  ({ load }) => {
    const { within, early, late, asked, answered } = calibrate(stretch ?? expect.unreachable(), load, few)
    expect(asked).toBeGreaterThan(20)
    expect(answered).toBeGreaterThanOrEqual(0.7)
    expect(within + early + late).toBeCloseTo(1)
    expect(within).toBeGreaterThanOrEqual(0.75)
  },
)

it('where jobs take three times as long all at once, ranges become wider than they were or are not told, and most starts lie in them again', () => {
  const [{ load } = expect.unreachable()] = loads.filter(({ name }) => name === 'four slots, bursts of 50')
  const { before, requests, from } = stretch ?? expect.unreachable()
  const slower = requests.map((request) => ({ ...request, seconds: 3 * request.seconds }))
  const usual = calibrate({ from, before, requests }, load, few)
  const { within, width } = calibrate({ from, before, requests: slower }, load, few)
  expect(width).toBeGreaterThan(2 * usual.width)
  expect(within).toBeGreaterThan(0.6)
})
