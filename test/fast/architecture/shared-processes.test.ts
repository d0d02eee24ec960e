/** Files of a project share processes, and with them modules. What one of them changes there must not reach the next. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ALONE } from '../../support/lanes.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const files = globSync('test/**/*.ts', { cwd: root }).map((file) => file.replaceAll(path.sep, '/'))
const filesWith = (pattern: RegExp) =>
  files.filter((file) => pattern.test(readFileSync(path.join(root, file), 'utf8'))).toSorted()

describe('a helper of tests', () => {
  it('registers no hook of vitest when it is imported, which would be one of the first file alone', () => {
    const hooked = filesWith(/^(before|after|around)(Each|All)\(/m)
    expect(hooked.filter((file) => !file.endsWith('.test.ts'))).toEqual(['test/support/setup.ts'])
  })
})

describe('a test file that replaces a module, the clock or a global', () => {
  it('has a process of its own', () => {
    const replacing = filesWith(/\bvi\.(mock|doMock|resetModules|useFakeTimers|stubGlobal)\(/)
    expect(replacing.length).toBeGreaterThan(5)
    expect(replacing.filter((file) => !file.endsWith(ALONE))).toEqual([])
  })
})
