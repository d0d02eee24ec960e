// Slow: explores every state of two faults.
import { expect, it } from 'vitest'
import { explore } from '../../fast/model/explore.ts'

it('several writers move on from every state that three processes and two faults can reach', () => {
  const { states, longest, stuck } = explore(3, 2)
  expect(stuck).toBeUndefined()
  expect({ states, longest }).toEqual({ states: 129_937, longest: 21 })
})
