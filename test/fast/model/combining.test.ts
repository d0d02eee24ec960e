import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'

describe('several writers, explored exhaustively (docs/inside/several-writers.md)', () => {
  it('move on from every state that three processes and one fault can reach', () => {
    const { states, longest, stuck } = explore(3, 1)
    expect(stuck).toBeUndefined()
    expect({ states, longest }).toEqual({ states: 17_713, longest: 18 })
  })

  it('move on although no publication is ever answered', () => {
    expect(explore(3, 1, { unanswered: true }).stuck).toBeUndefined()
  })

  it.each([
    ['nobody takes the place of one that makes no progress', { neverReplaces: true }],
    ['nobody looks again by itself', { neverLooks: true }],
    ['who does not hear that it was elected publishes again', { neverAsks: true, unanswered: true }],
  ])('stand still if %s: that is found', (_, broken) => {
    expect(explore(3, 1, broken).stuck).toBeDefined()
  })
})
