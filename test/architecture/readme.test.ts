import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

describe("the README's table of runtime dependencies", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const rows = readme.split('\n').filter((line) => line.startsWith('|'))

  it.each([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.optionalDependencies),
    ...Object.keys(manifest.peerDependencies),
  ])('gives the reason for %s', (name) => {
    const [, , reason = ''] = rows.find((line) => line.includes(`\`${name}\``))?.split('|') ?? []
    expect(reason.trim()).not.toBe('')
  })
})
