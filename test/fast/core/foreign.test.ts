import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forShell, oneLine, operand } from '../../../src/engine/core/index.ts'

const odd = [
  '\u001b[2J',
  '\n  to do: rm',
  '\r',
  '\t',
  '\u009b',
  '\u202e',
  '\u2028',
  "'",
  '"',
  '\\',
  '$(x)',
  '`x`',
]
const shells = [
  '~',
  '!x',
  '*',
  '&',
  '|',
  ';',
  '; ',
  '>',
  '<',
  '#',
  '=',
  '-',
  '--',
  ' ',
  '{a,b}',
  '%1',
  'é',
  '🦊',
  'a',
]
const foreign = fc
  .array(fc.oneof(fc.constantFrom(...odd, ...shells), fc.string({ unit: 'grapheme' })), { maxLength: 6 })
  .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed())

/** Also half surrogates. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 20 })
  .map((codes) => String.fromCodePoint(...codes))

describe('foreign text on one line', () => {
  it.each([
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u001b[31m', '\\u001b[31m'],
    ['\u009b1A', '\\u009b1A'],
    ['a\u202eb\u2028c', 'a\\u202eb\\u2028c'],
    ['\ud800', '\\ud800'],
    ['report-1 é 🦊 日本 👩‍🚀', 'report-1 é 🦊 日本 👩‍🚀'],
  ])('%j is %j', (text, line) => {
    expect(oneLine(text)).toBe(line)
  })

  it('leaves the document of JSON as it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(JSON.parse(oneLine(JSON.stringify(text)))).toBe(text)
      }),
    )
  })
})

describe('foreign text in a command', () => {
  it.each([
    ['report-1', 'report-1'],
    ['a;touch PWNED', "'a;touch PWNED'"],
    ["o'brien", "'o'\\''brien'"],
    ['', "''"],
    ['~root', "'~root'"],
    ['--force', "'--force'"],
    ['a\nb', "$'a\\012b'"],
  ])('%j is %s', (text, word) => {
    expect(forShell(text)).toBe(word)
  })

  it('is no option where it stands by itself', () => {
    expect([operand('--force'), operand('report-1')]).toEqual(["-- '--force'", 'report-1'])
  })

  it('never ends the sentence that it stands in: what to do follows the last semicolon', () => {
    expect(forShell('a; rm -rf /')).toBe("'a;'' rm -rf /'")
    expect(forShell('a\n; rm')).toBe("$'a\\012;\\040rm'")
  })

  it('is read back by a shell as one word, the same', () => {
    const words = fc.sample(foreign, { numRuns: 300, seed: 1 })
    const script = `printf '%s\\0' ${words.map(forShell).join(' ')}`
    const said = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
    expect(said.split('\0').slice(0, -1)).toEqual(words)
  })
})
