import { expect, it } from 'vitest'
import { Recent } from '../../../src/engine/coordinator/base/recent.ts'

it('a recent set holds so many, and forgets the oldest', () => {
  const recent = new Recent(3)
  for (const item of ['a', 'b', 'c', 'a', 'd']) recent.add(item)
  expect([...recent.asSet()]).toEqual(['c', 'a', 'd'])
  expect([recent.has('b'), recent.delete('b'), recent.delete('a'), recent.size]).toEqual([
    false,
    false,
    true,
    2,
  ])
  for (let n = 0; n < 100_000; n++) recent.add(`job-${n}`)
  expect(recent.size).toBe(3)
})
