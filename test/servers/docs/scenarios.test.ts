/** The worked examples of the conflict rules are what the core does. */
import { describe, expect, it } from 'vitest'
import { blocksOf, pageOf } from './markdown.ts'
import { linesOf, Scenario } from './scenario.ts'

const scripts = blocksOf(pageOf('docs/inside/conflict-rules.md')).filter(
  ({ info }) => info === 'text scenario',
)

describe('the examples of the conflict rules', () => {
  it('are there', () => {
    expect(scripts.length).toBeGreaterThan(5)
  })

  it.each(scripts.map((script) => [script.line, script.code] as const))('at line %s', (_, code) => {
    const scenario = new Scenario()
    const lines = linesOf(code)
    const played = lines.map(({ did, expected }) => {
      const outcome = scenario.play(did)
      return expected === undefined ? did : `${did} → ${outcome}`
    })
    const written = lines.map(({ did, expected }) => (expected === undefined ? did : `${did} → ${expected}`))
    expect(played).toEqual(written)
  })
})
