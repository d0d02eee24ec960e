import { expect, it } from 'vitest'
import { interleaved, lengthOf } from '../../support/run-order.ts'

it('reads how long a file takes from its first line', () => {
  expect(lengthOf('// Slow, 80 s: runs every bench once.\n')).toEqual({ seconds: 80, waits: false })
  expect(lengthOf('// Slow, waits 35 s: kills workers.\n')).toEqual({ seconds: 35, waits: true })
  expect(lengthOf('// Slow: rows of megabytes.\n')).toEqual(lengthOf(''))
})

it('begins with what takes longest, and puts others between those that wait', () => {
  const waiting = (name: string, seconds: number) => [name, { seconds, waits: true }] as const
  const others = Array.from({ length: 40 }, (_, n) => [`other-${n}`, lengthOf('')] as const)
  const waits = [waiting('killed', 30), waiting('clock', 5), waiting('cut', 20)]
  const sorted = interleaved([...others, ...waits, ['bench', { seconds: 80, waits: false }]])
  expect(sorted).toHaveLength(44)
  expect(sorted.slice(0, 2)).toEqual(['bench', 'killed'])
  expect(sorted.indexOf('cut') - sorted.indexOf('killed')).toBeGreaterThan(10)
  expect(sorted.indexOf('clock') - sorted.indexOf('cut')).toBeGreaterThan(10)
})
