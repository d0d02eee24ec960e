import { describe, expect, it } from 'vitest'
import { checkClock } from '../../src/doctor/checks/clock.ts'
import { checkPooler } from '../../src/doctor/checks/pooler.ts'

describe('a session', () => {
  const session = { over: 'postgres', notificationsArrive: true, connectedMs: 50 } as const

  it.each([
    [40, 0],
    [1_000, 0],
    [1_100, 1],
    [3_600_000, 1],
  ])('of %i ms, for a program of 50, gives %i findings', (sessionAgeMs, findings) => {
    expect(checkPooler({ ...session, checkup: { sessionAgeMs } })).toHaveLength(findings)
    expect(checkPooler({ ...session, over: 'supabase', checkup: { sessionAgeMs } })).toEqual([])
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
