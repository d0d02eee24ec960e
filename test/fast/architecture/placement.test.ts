/** Every test file lies in a lane, so `npm test` or `npm run test:slow` runs it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { laneOf, lanes, lanesOf, testFiles } from '../../support/lanes.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const textOf = (file: string) => readFileSync(path.join(root, file), 'utf8')
const everyday = testFiles.filter((file) => laneOf(file) !== 'slow')
const slow = testFiles.filter((file) => laneOf(file) === 'slow')

describe('a test file', () => {
  it('lies in a lane, and each lane has many', () => {
    expect(testFiles.filter((file) => !lanes.some((lane) => lane === laneOf(file)))).toEqual([])
    for (const lane of lanes)
      expect(testFiles.filter((file) => laneOf(file) === lane).length).toBeGreaterThan(20)
  })

  it('of the slow ones says in its first line why it is there', () => {
    expect(
      slow.filter((file) => !/^\/\/ Slow(, (waits )?\d+ s)?: .+\.$/m.test(textOf(file).split('\n')[0] ?? '')),
    ).toEqual([])
  })

  it('with two servers, paused processes, the packed package, Python or a browser is slow, but for one look', () => {
    const heavy =
      /\b(startReplicated|replicated|installPackage|pythonWithPsycopg|browserForAll)\(|'SIG(?:STOP)'/
    expect(everyday.filter((file) => heavy.test(textOf(file)))).toEqual([
      'test/servers/dashboard/browser/page.test.ts',
    ])
  })

  it('of `npm test` holds no time that the clock shows to be short enough', () => {
    const measuring =
      /\b(performance|Date)\.now\(\).*\.toBeLessThan|\.toBeLessThan.*\b(performance|Date)\.now\(\)/
    expect(everyday.filter((file) => measuring.test(textOf(file)))).toEqual([])
  })

  it('of the slow ones runs where somebody names it or its folder', () => {
    for (const word of ['test/slow/process/killed.test.ts', 'test/slow/process'])
      expect(lanesOf('test', ['run', word, '--maxWorkers=1'])).toContain('slow')
    expect(lanesOf('test', ['run', 'test/fast/core'])).not.toContain('slow')
    expect(lanesOf('slow', ['run'])).toEqual(['slow'])
  })
})

describe('the commands', () => {
  const { scripts } = manifest
  it('have some lanes each, and `npm run test:all` runs both, as continuous integration does', () => {
    expect(scripts.test).toMatch(/vitest run$/)
    expect(scripts['test:slow']).toMatch(/vitest run --mode slow$/)
    expect(scripts['test:all']).toMatch(/^npm test && npm run test:slow && /)
    const ci = textOf('.ci/run')
    expect(ci).toMatch(/^npm run test:all$/m)
    expect(ci).not.toMatch(/^npm (test|run test:slow)/m)
  })

  it('are in CONTRIBUTING.md, which says when one types each', () => {
    const page = textOf('CONTRIBUTING.md')
    const unsaid = Object.keys(scripts).filter(
      (name) => !new RegExp(`^\\|.*\`${name}\`.*\\| \\S`, 'mu').test(page),
    )
    expect(unsaid).toEqual([])
  })

  it('neither try a second time, nor leave a test out', () => {
    const config = textOf('vitest.config.ts')
    expect(config).not.toMatch(/retry|bail|passWithNoTests|allowOnly/)
    const excused = /\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b|\bretry: \d/
    expect(testFiles.filter((file) => excused.test(textOf(file)))).toEqual([])
  })
})
