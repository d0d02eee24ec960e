/** Every test file belongs to `npm test` or to `npm run test:rest`, and none is lost. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { filesOf, named, projectOf, testFiles } from '../placement.ts'

const root = path.resolve(import.meta.dirname, '../..')
const textOf = (file: string) => readFileSync(path.join(root, file), 'utf8')
const everyday = filesOf('test', [])
const rest = filesOf('rest', [])
const killed = 'test/process/killed.test.ts'

describe('a test file', () => {
  it('is in `npm test` or in `npm run test:rest`, and never in both', () => {
    expect([...everyday, ...rest].toSorted()).toEqual(testFiles)
    expect(new Set(everyday).isDisjointFrom(new Set(rest))).toBe(true)
    expect([everyday.length, rest.length].every((count) => count > 20)).toBe(true)
  })

  it('that is named in test/placement.ts is there', () => {
    expect(named.filter((file) => !testFiles.includes(file))).toEqual([])
  })

  it('has a project, and each project has files of `npm test`', () => {
    expect(new Set(everyday.map(projectOf))).toEqual(new Set(['pure', 'alone', 'database', 'database alone']))
  })

  it('with two servers, paused processes, the packed package, Python or a browser is of the rest, but for one look', () => {
    const heavy =
      /\b(startReplicated|replicated|installPackage|pythonWithPsycopg|browserForAll)\(|'SIG(?:STOP)'/
    expect(everyday.filter((file) => heavy.test(textOf(file)))).toEqual([
      'test/dashboard/browser/page.test.ts',
    ])
  })

  it('of `npm test` holds no time that the clock shows to be short enough', () => {
    const measuring =
      /\b(performance|Date)\.now\(\).*\.toBeLessThan|\.toBeLessThan.*\b(performance|Date)\.now\(\)/
    expect(everyday.filter((file) => measuring.test(textOf(file)))).toEqual([])
  })

  it('of the rest runs where somebody names it or its folder', () => {
    expect(everyday).not.toContain(killed)
    for (const word of [killed, 'test/process', 'test/'])
      expect(filesOf('test', ['run', word, '--maxWorkers=1'])).toContain(killed)
    expect(filesOf('test', ['run', 'test/core'])).not.toContain(killed)
  })
})

describe('the commands', () => {
  const { scripts } = manifest
  it('have one half each, and `npm run test:all` runs both, as continuous integration does', () => {
    expect(scripts.test).toMatch(/vitest run$/)
    expect(scripts['test:rest']).toMatch(/vitest run --mode rest$/)
    expect(scripts['test:all']).toMatch(/^npm test && npm run test:rest && /)
    const ci = textOf('.ci/run')
    expect(ci).toMatch(/^npm run test:all$/m)
    expect(ci).not.toMatch(/^npm (test|run test:rest)/m)
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
