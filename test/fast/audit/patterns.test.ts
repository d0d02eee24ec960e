/** A pattern is text that anybody who may set a policy has written, and the log keeps it for ever: no pattern makes an audit slow. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bounds, fits } from '../../../src/engine/core/index.ts'
import {
  checkCall,
  parsePolicy,
  parseSchedules,
  policySchema,
  safeBeginning,
} from '../../../src/engine/events/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { Pattern } from '../../../src/tools/audit/pattern.ts'
import { given } from '../../support/scenario.ts'

/** A name, and how many of its characters were read. */
function counted(name: string): { readonly letters: ArrayLike<string>; readonly reads: () => number } {
  let reads = 0
  const get = (text: ArrayLike<string>, key: string | symbol): unknown => {
    if (key !== 'length') reads++
    return Reflect.get(text, key)
  }
  return { letters: new Proxy([...name], { get }), reads: () => reads }
}

/** Few different letters and many stars: what a matcher that tries again and again is slowest with. */
const text = (unit: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...unit), minLength: 1, maxLength })

it('a pattern reads each character of a name three times at most', () => {
  fc.assert(
    fc.property(text('aaab*', bounds.idLength), text('aaab', bounds.idLength), (pattern, name) => {
      const { letters, reads } = counted(name)
      expect(new Pattern(pattern).matches(letters)).toBe(fits(pattern, name))
      expect(reads()).toBeLessThanOrEqual(3 * name.length)
    }),
    { numRuns: 2_000 },
  )
})

it.each([
  ['a*a*a*a*a*a*b', 'a'.repeat(60)],
  [`${'*a'.repeat(99)}*b`, 'a'.repeat(200)],
  [`*${'a'.repeat(98)}b*`, 'a'.repeat(200)],
  [`*${'ab'.repeat(49)}b*`, 'ab'.repeat(100)],
])('%s against %s, too', (pattern, name) => {
  const { letters, reads } = counted(name)
  expect(new Pattern(pattern).matches(letters)).toBe(false)
  expect(reads()).toBeLessThanOrEqual(3 * name.length)
})

it('a log with such patterns is audited', () => {
  const hostile = `${'a*'.repeat(90)}b`
  const queue = given({
    maxActive: null,
    capacity: { [hostile]: 2 },
    rate: { [hostile]: { starts: 1, perSeconds: 1 } },
  })
  for (const n of [1, 2, 3])
    queue.enqueue(`j${n}`, ['a'.repeat(200 - n)], {}, { claim: { max: 9, kinds: null } })
  queue.send({ type: 'claim', workerId: 'w9', max: 1, kinds: null, serves: [hostile] } as never)
  expect(audit(queue.log).violations).toEqual([])
})

it('nothing that a user wrote becomes a regular expression', () => {
  const root = path.resolve(import.meta.dirname, '../../..')
  const making = globSync('src/**/*.{ts,tsx}', { cwd: root }).filter((file) =>
    /\bRegExp\(/.test(readFileSync(path.join(root, file), 'utf8')),
  )
  // From texts of their own.
  expect(making.sort()).toEqual([
    'src/apps/cli/terminal/lines.ts',
    'src/engine/core/values/safe-text.ts',
    'src/engine/events/secrets.ts',
    'src/engine/migrate/plain-sql.ts',
    'src/engine/migrate/script.ts',
  ])
})

it('a map of a policy has a bounded number of patterns, and a log that has more is read', () => {
  const rules = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`m${i}-*`, 2]))
  expect(Object.keys(parsePolicy({ capacity: rules(bounds.patterns) }).capacity)).toHaveLength(
    bounds.patterns,
  )
  expect(() => parsePolicy({ capacity: rules(bounds.patterns + 1) })).toThrow(
    /policy\.capacity: may have 100 patterns at most/,
  )
  const recorded = { ...parsePolicy({}), capacity: rules(bounds.patterns + 1) }
  expect(policySchema.parse(recorded)).toEqual(recorded)
  const names = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`m${i}`, 2]))
  expect(() => parsePolicy({ capacity: { ...names, '*': 1 } })).not.toThrow()
})

it('an expression of due times has a bounded length', () => {
  const cron = `${'0,'.repeat(500)}0 * * * *`
  expect(() => parseSchedules([{ id: 's', cron, job: { models: ['m'] } }])).toThrow(
    /schedules\[0\]\.cron: must have at most 1,000 characters/,
  )
})

it('a filter names a bounded number of fields', () => {
  const payload = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, 1]))
  expect(() => checkCall('jobs', { payload: payload(20) })).not.toThrow()
  expect(() => checkCall('jobs', { payload: payload(21) })).toThrow(/payload: may name 20 fields at most/)
})

it('the beginning of a long message ends with a whole word', () => {
  expect(safeBeginning(`one two ${'a'.repeat(90)}`, 5)).toBe('one t')
  expect(safeBeginning(`one ${'a'.repeat(90)}`, 8)).toBe('one …')
  expect(safeBeginning('a'.repeat(90), 8)).toBe('…')
})
