import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCron, dueAfter, dueTimes, preview, type Timing } from '../../../src/engine/calendar/index.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { debianRuns, entryOf } from './debian-cron.ts'

const MICROS = 1_000
const micros = (text: string): number => Date.parse(text) * MICROS
const text = (at: number | null): string => (at === null ? 'never' : new Date(at / MICROS).toISOString())
const cron = (expression: string, tz = 'UTC'): Timing => ({ cron: expression, tz })

/** The first due times after this one. */
function firstOf(timing: Timing, after: string, count: number): readonly string[] {
  return preview(timing, dueAfter(timing, micros(after)), count).map((at) =>
    text(at).replace(':00.000Z', 'Z'),
  )
}

describe('a fixed time, where clocks are changed', () => {
  it('that is left out in spring comes right after the gap, on that day', () => {
    expect(firstOf(cron('30 2 * * *', 'Europe/Berlin'), '2027-03-27T12:00:00Z', 2)).toEqual([
      '2027-03-28T01:00Z',
      '2027-03-29T00:30Z',
    ])
  })

  it('that there is twice in autumn comes once, the first time', () => {
    expect(firstOf(cron('30 2 * * *', 'Europe/Berlin'), '2027-10-30T12:00:00Z', 2)).toEqual([
      '2027-10-31T00:30Z',
      '2027-11-01T01:30Z',
    ])
  })

  it('in a list, in a range or in steps of one is one all the same', () => {
    for (const minutes of ['0,30', '0-30/30'])
      expect(firstOf(cron(`${minutes} 2 * * *`, 'Europe/Berlin'), '2027-10-30T12:00:00Z', 3)).toEqual([
        '2027-10-31T00:00Z',
        '2027-10-31T00:30Z',
        '2027-11-01T01:00Z',
      ])
  })
})

it('a wildcard keeps its distance in the hour that there is twice', () => {
  expect(firstOf(cron('*/30 * * * *', 'Europe/Berlin'), '2027-10-31T00:15:00Z', 5)).toEqual([
    '2027-10-31T00:30Z',
    '2027-10-31T01:00Z',
    '2027-10-31T01:30Z',
    '2027-10-31T02:00Z',
    '2027-10-31T02:30Z',
  ])
})

it('Lord Howe puts its clocks by half an hour: fixed times come once, wildcards keep their distance', () => {
  const zone = 'Australia/Lord_Howe'
  // Back from 02:00 to 01:30: 01:45 is there twice.
  expect(firstOf(cron('45 1 * * *', zone), '2027-04-03T00:00:00Z', 2)).toEqual([
    '2027-04-03T14:45Z',
    '2027-04-04T15:15Z',
  ])
  // Forward from 02:00 to 02:30: 02:15 is left out.
  expect(firstOf(cron('15 2 * * *', zone), '2027-10-02T00:00:00Z', 2)).toEqual([
    '2027-10-02T15:30Z',
    '2027-10-03T15:15Z',
  ])
  expect(firstOf(cron('*/10 * * * *', zone), '2027-04-03T14:30:00Z', 4)).toEqual([
    '2027-04-03T14:40Z',
    '2027-04-03T14:50Z',
    '2027-04-03T15:00Z',
    '2027-04-03T15:10Z',
  ])
})

it('29 February is due in leap years, and 2100 is none', () => {
  expect(firstOf(cron('0 0 29 2 *'), '2095-01-01T00:00:00Z', 2)).toEqual([
    '2096-02-29T00:00Z',
    '2104-02-29T00:00Z',
  ])
})

it('with seconds first there are six fields', () => {
  expect(preview(cron('*/20 * * * * *'), micros('2027-01-01T00:00:00Z'), 3).map(text)).toEqual([
    '2027-01-01T00:00:00.000Z',
    '2027-01-01T00:00:20.000Z',
    '2027-01-01T00:00:40.000Z',
  ])
})

it('the last day, the nearest weekday, and the weekday of a week of the month are as the page says', () => {
  const first = (expression: string) => firstOf(cron(expression), '2027-01-02T00:00:00Z', 2)
  expect(first('0 0 L * *')).toEqual(['2027-01-31T00:00Z', '2027-02-28T00:00Z'])
  expect(first('0 0 15W * *')).toEqual(['2027-01-15T00:00Z', '2027-02-15T00:00Z'])
  expect(first('0 0 16W * *')).toEqual(['2027-01-15T00:00Z', '2027-02-16T00:00Z'])
  expect(first('0 0 * * 5#2')).toEqual(['2027-01-08T00:00Z', '2027-02-12T00:00Z'])
  expect(first('0 0 * * 5#L')).toEqual(['2027-01-29T00:00Z', '2027-02-26T00:00Z'])
})

it('what has no due times is refused, with the path and an example', () => {
  const refused = (expression: string) => () => checkCron(expression, 'UTC', 'schedules[0].cron', 0)
  expect(refused('61 * * * *')).toThrow('schedules[0].cron: Invalid value for minute: 61; write minute')
  expect(refused('0 0 30 2 *')).toThrow('schedules[0].cron: is never due')
  for (const other of ['', '* * *', '2030-01-01T00:00:00', '@reboot', '0 0 0 1 1 * 2030'])
    expect(refused(other), other).toThrow('schedules[0].cron: has no five fields')
  expect(refused('@daily')).not.toThrow()
})

it('every so often counts from its last due time, and goes on at that distance however late it is', () => {
  const weekly: Timing = { everyMs: 7 * 86_400_000, tz: 'UTC' }
  const due = micros('2027-01-04T08:00:00.500Z')
  expect(text(dueAfter(weekly, micros('2027-01-04T08:00:00.500Z')))).toBe('2027-01-11T08:00:00.500Z')
  expect(text(dueAfter(weekly, micros('2027-02-02T00:00:00Z'), due))).toBe('2027-02-08T08:00:00.500Z')
  const { times, next } = dueTimes(weekly, due, micros('2027-02-02T00:00:00Z'), 2)
  expect(times.map(text)).toEqual(['2027-01-25T08:00:00.500Z', '2027-02-01T08:00:00.500Z'])
  expect(text(next)).toBe('2027-02-08T08:00:00.500Z')
})

it('a due time that has come this very moment has come', () => {
  const [first, now] = [micros('2027-01-01T00:01:00Z'), micros('2027-01-01T00:02:00Z')]
  const { times, next } = dueTimes(cron('* * * * *'), first, now, 9)
  expect(times).toEqual([first, now])
  expect(text(next)).toBe('2027-01-01T00:03:00.000Z')
})

it('a million due times that have come are not counted one by one', () => {
  const { times, next } = dueTimes(cron('* * * * * *'), 0, micros('2027-01-01T00:00:00.100Z'), 3)
  expect(times.map(text)).toEqual([
    '2026-12-31T23:59:58.000Z',
    '2026-12-31T23:59:59.000Z',
    '2027-01-01T00:00:00.000Z',
  ])
  expect(text(next)).toBe('2027-01-01T00:00:01.000Z')
})

it('the due time of the log is due, whatever the time zone data here says', () => {
  const due = micros('2027-01-01T02:29:00Z')
  const { times } = dueTimes(cron('30 2 * * *'), due, micros('2027-01-02T03:00:00Z'), 9)
  expect(times.map(text)).toEqual([
    '2027-01-01T02:29:00.000Z',
    '2027-01-01T02:30:00.000Z',
    '2027-01-02T02:30:00.000Z',
  ])
})

/** Around changes of clocks by an hour, by half an hour, at midnight, and by two hours. */
const places = fc.constantFrom(
  ['Europe/Berlin', '2027-03-28'],
  ['Europe/Berlin', '2027-10-31'],
  ['Australia/Lord_Howe', '2027-04-04'],
  ['Australia/Lord_Howe', '2027-10-03'],
  ['America/Sao_Paulo', '2017-10-15'],
  ['America/Sao_Paulo', '2018-02-18'],
  ['Antarctica/Troll', '2027-03-28'],
  ['Antarctica/Troll', '2027-10-31'],
  ['Asia/Kolkata', '2027-10-31'],
)
const number = (most: number) => fc.nat({ max: most })
const field = (most: number) =>
  fc.oneof(
    number(most).map(String),
    fc.tuple(number(most), number(most)).map(([a, b]) => `${Math.min(a, b)},${Math.max(a, b)}`),
    fc.tuple(number(most), number(most)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc
      .tuple(number(most), number(most), fc.integer({ min: 2, max: 20 }))
      .map(([a, b, by]) => `${Math.min(a, b)}-${Math.max(a, b)}/${by}`),
    fc.constantFrom('*', '*/2', '*/7', '*/15'),
  )

it(
  "comes when Debian's cron runs, where clocks are changed and where not",
  holds([places, field(59), fc.oneof(field(5), field(23))], 50, ([tz, day], minute, hour) => {
    const entry = entryOf(minute, hour)
    const middle = Date.parse(`${day}T00:00:00Z`)
    const [from, to] = [middle - 12 * 3_600_000, middle + 18 * 3_600_000]
    const timing = cron(entry.expression, tz)
    const expected = debianRuns(entry, tz ?? '', from, to).map((at) => text(at * MICROS))
    const found: string[] = []
    for (
      let at = dueAfter(timing, from * MICROS - 1);
      at !== null && at < to * MICROS;
      at = dueAfter(timing, at)
    )
      found.push(text(at))
    expect(found).toEqual(expected)
    const before = dueTimes(
      timing,
      from * MICROS - 60_000_000,
      to * MICROS - 1,
      expected.length + 1,
    ).times.slice(-expected.length || Infinity)
    expect(before.map(text)).toEqual(expected)
  }),
  PATIENCE,
)
