import { describe, expect, it } from 'vitest'
import { checkClock, checkPooler } from '../../../src/tools/doctor/checks/database.ts'

import type { Facts } from '../../../src/tools/doctor/facts.ts'

type Over = Facts['over']

describe('a session', () => {
  const session = { over: 'postgres', connectedMs: 50 } as const
  const found = (sessionAgeMs: number, notificationsArrive: boolean | null, over: Over = 'postgres') =>
    checkPooler({ ...session, over, notificationsArrive, checkup: { sessionAgeMs } }).map(
      ({ level }) => level,
    )

  it.each([
    [40, []],
    [1_000, []],
    [1_100, ['note']],
    [3_600_000, ['note']],
  ])('of %i ms, for a program of 50, gives %j where nobody has tried to listen', (ageMs, levels) => {
    expect(found(ageMs, null)).toEqual(levels)
    expect(found(ageMs, null, 'supabase')).toEqual([])
  })

  it.each([40, 3_600_000])('of %i ms is no finding where notifications arrive: session mode', (ageMs) => {
    expect(found(ageMs, true)).toEqual([])
  })

  it.each([40, 3_600_000])('of %i ms is a problem where they do not', (ageMs) => {
    expect(found(ageMs, false)).toEqual(['problem'])
  })
})

describe('the clock of the database', () => {
  const clock = { before: 10_000, after: 10_400 }

  it.each([
    [9_100_000, ''],
    [10_200_000, ''],
    [11_300_000, ''],
    [8_900_000, '1.1 s behind'],
    [13_400_000, '3.0 s ahead of'],
  ])('at %i µs, between 10.0 and 10.4 s here: %s', (now, says) => {
    const found = checkClock({ checkup: { now }, clock })
    expect(found.map(({ what }) => what)).toEqual(says === '' ? [] : [expect.stringContaining(says)])
  })
})
