import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { timeText } from '../../../src/tools/format/index.ts'
import { momentOf } from '../../../src/tools/format/moment.ts'

const micros = (iso: string): number => Date.parse(iso) * 1_000
const NOW = micros('2026-11-25T02:24:21.500Z')

describe.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])(
  'a moment, read in %s',
  (zone) => {
    const before = process.env['TZ']
    beforeEach(() => {
      process.env['TZ'] = zone
    })
    afterEach(() => {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    })

    it('is as long as it is exact', () => {
      const lengthOf = (text: string) => {
        const { from, to } = momentOf('--to', text, NOW)
        return to - from
      }
      expect(lengthOf('2026-11-24T15:00:00Z')).toBe(1_000_000)
      expect(lengthOf('2026-11-24T15:00:00.6Z')).toBe(100_000)
      expect(lengthOf('2026-11-24T15:00:00.615Z')).toBe(1_000)
      expect(lengthOf('2026-11-24T15:00:00.615267Z')).toBe(1)
      // Without seconds it means the moment at which that minute begins; the same with days, and ago.
      expect(['2026-11-24T15:00Z', '15:00', '2026-11-24', '10m'].map(lengthOf)).toEqual([0, 0, 0, 0])
    })

    it('has its microseconds', () => {
      expect(momentOf('--to', '2026-11-24T15:00:00.615267Z', NOW).from).toBe(
        micros('2026-11-24T15:00:00.615Z') + 267,
      )
    })

    it('is the one that was printed, today and on other days, in any zone', () => {
      for (const at of [
        NOW - 1_000,
        NOW - 3_600_000_000,
        NOW - 86_400_000_000 + 3_000,
        NOW - 200 * 86_400_000_000,
      ]) {
        const text = timeText(at, NOW / 1_000)
        const { from, to } = momentOf('--to', text, NOW)
        expect({ text, holds: from <= at && at < to, ms: (to - from) / 1_000 }).toEqual({
          text,
          holds: true,
          ms: 1,
        })
      }
    })

    it('is on the clock of the reader where no zone is given', () => {
      const at = Date.parse('2026-11-24T15:00:07')
      expect(momentOf('--to', '2026-11-24 15:00:07', NOW).from).toBe(at * 1_000)
      expect(momentOf('--to', '2026-11-24T15:00:07.5', NOW).from).toBe(at * 1_000 + 500_000)
      expect(momentOf('--to', '2026-11-24', NOW).from).toBe(Date.parse('2026-11-24T00:00:00') * 1_000)
    })

    it('of a day is the last one that late', () => {
      expect(momentOf('--to', '02:24:21Z', NOW).from).toBe(micros('2026-11-25T02:24:21Z'))
      expect(momentOf('--to', '02:24:22Z', NOW).from).toBe(micros('2026-11-24T02:24:22Z'))
      expect(momentOf('--to', '23:59:59.5+09:00', NOW).from).toBe(micros('2026-11-24T14:59:59.500Z'))
      const local = momentOf('--to', '14:03:07', NOW).from / 1_000
      expect(local <= NOW / 1_000 && local > NOW / 1_000 - 86_400_000).toBe(true)
      expect([new Date(local).getHours(), new Date(local).getMinutes()]).toEqual([14, 3])
    })
  },
)

describe('a moment ago', () => {
  it.each([
    ['90s', 90],
    ['10m', 600],
    ['2h', 7_200],
    ['3d', 259_200],
    ['2w', 1_209_600],
  ])('%s', (text, seconds) => expect(momentOf('--since', text, NOW).from).toBe(NOW - seconds * 1_000_000))
})

describe('what is no moment', () => {
  it.each([
    'soon',
    '25:00',
    '14:60',
    '14:03:60',
    '2026-02-30',
    '2026-13-01T00:00:00Z',
    '14',
    '10y',
    '14:03:07.1234567',
  ])('%s', (text) =>
    expect(() => momentOf('--to', text, NOW)).toThrow(
      `--to ${text}: must be a time such as 10m (s, m, h, d, w), 14:03:07 on your clock, or 2026-11-24T15:00:00Z`,
    ),
  )
})
