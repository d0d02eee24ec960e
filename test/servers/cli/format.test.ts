import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { exitCodeOf, FoundSomething, failureText } from '../../../src/apps/cli/failure.ts'
import { table } from '../../../src/apps/cli/terminal/table.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import {
  agree,
  clip,
  duration,
  isoTime,
  plural,
  spanText,
  timeText,
  toSecond,
} from '../../../src/tools/format/index.ts'

const root = path.resolve(import.meta.dirname, '../../..')

describe('text for people', () => {
  it.each([
    [1.234, '1.2 ms'],
    [840, '840 ms'],
    [21_725, '21.7 s'],
    [185_000, '3 min 05 s'],
    [7_440_000, '2 h 04 min'],
    [172_740_000, '47 h 59 min'],
    [172_800_000, '2 d 00 h'],
    [553 * 3_600_000 + 240_000, '23 d 01 h'],
    [Number.POSITIVE_INFINITY, '—'],
  ])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text))

  it('counts, cuts and tells the time', () => {
    expect([plural(1, 'job'), plural(1_234, 'job')]).toEqual(['1 job', '1,234 jobs'])
    expect([agree(1, 'is', 'are'), agree(0, 'is', 'are'), agree(2, 'is', 'are')]).toEqual([
      'is',
      'are',
      'are',
    ])
    expect(clip('abcdef', 4)).toBe('abc…')
    expect(isoTime(1_700_000_000_123_456)).toBe('2023-11-14T22:13:20.123456Z')
  })

  it('lets the verb agree with the number: one command is, two commands are', () => {
    const verbs = 'are|have|were|do|wait|stand|need|run|start|follow|come'
    const wrong = new RegExp(
      String.raw`(?<!the state and \$\{)plural\([^)]*\)\}[^$\x60]{0,40}\b(?<!may (?:not )?)(?:${verbs})\b`,
      'gu',
    )
    const found = globSync('src/**/*.{ts,tsx}', { cwd: root }).flatMap((file) =>
      [...readFileSync(path.join(root, file), 'utf8').matchAll(wrong)].map(([text]) => `${file}: ${text}`),
    )
    expect(found).toEqual([])
  })

  it.each([
    ['UTC', '22:13:20.123Z', '2023-11-14T22:13:20.123Z', '2023-11-14 22:13:20Z'],
    ['Europe/Berlin', '23:13:20.123+01:00', '2023-11-14T23:13:20.123+01:00', '2023-11-14 23:13:20+01:00'],
    ['Asia/Kolkata', '03:43:20.123+05:30', '2023-11-15T03:43:20.123+05:30', '2023-11-15 03:43:20+05:30'],
    ['America/St_Johns', '18:43:20.123-03:30', '2023-11-14T18:43:20.123-03:30', '2023-11-14 18:43:20-03:30'],
  ])(
    'tells the time in %s with its zone, and with its date unless it is today',
    (zone, today, later, drawn) => {
      const before = process.env['TZ']
      process.env['TZ'] = zone
      try {
        const at = 1_700_000_000_123_456
        expect(timeText(at, at / 1_000 + 1)).toBe(today)
        expect(timeText(at, at / 1_000 + 86_400_000)).toBe(later)
        expect(toSecond(isoTime(at))).toBe(drawn)
        expect(spanText(isoTime(at), isoTime(at + 2_000))).toBe(
          `${later} to ${later.replace('.123', '.125')}`,
        )
      } finally {
        if (before === undefined) delete process.env['TZ']
        else process.env['TZ'] = before
      }
    },
  )

  it('stands in columns without lines or blanks at the end', () => {
    const drawn = table(
      ['name', 'n'],
      [
        ['a', 1],
        ['bcdefg', 20],
      ],
      { right: [1] },
    )
    expect(drawn).toEqual(['name     n', 'a        1', 'bcdefg  20'])
  })
})

describe('a failure', () => {
  it('is what happened, and what to do', () => {
    const error = new InterlockError('contention', 'the queue was busy; try again')
    expect(failureText(error, false)).toBe('error (contention): the queue was busy\n  to do: try again\n')
    const colon = new InterlockError('not_migrated', 'x has no tables: run `interlock migrate`')
    expect(failureText(colon, false)).toBe(
      'error (not_migrated): x has no tables\n  to do: run `interlock migrate`\n',
    )
  })

  it('shows its stack only when asked', () => {
    expect(failureText(new Error('odd'), false)).not.toContain('at ')
    expect(failureText(new Error('odd'), true)).toContain('at ')
  })

  it.each([
    [new InterlockError('invalid_input', ''), 2],
    [new InterlockError('embedded_in_production', ''), 2],
    [new InterlockError('store_unavailable', ''), 1],
    [new Error('odd'), 1],
    [new FoundSomething(), 3],
    [new CommanderError(1, 'commander.unknownOption', ''), 2],
    [new CommanderError(0, 'commander.helpDisplayed', ''), 0],
  ])('%s has exit code %d', (error, code) => expect(exitCodeOf(error)).toBe(code))
})
