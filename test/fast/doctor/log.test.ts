import { describe, expect, it } from 'vitest'
import { sizeText } from '../../../src/apps/cli/command/doctor.ts'
import type { Frame } from '../../../src/apps/cli/frame.ts'
import { defaultPolicy, type Policy } from '../../../src/engine/core/index.ts'
import type { LogCheck } from '../../../src/engine/store/index.ts'
import { checkLog } from '../../../src/tools/doctor/checks/queue.ts'
import type { Facts } from '../../../src/tools/doctor/facts.ts'
import { logSize } from '../../../src/tools/doctor/sizes.ts'

const DAY = 86_400_000_000
const now = 1_764_000_000_000_000

/** A database that is three days old and writes 1 MB a day, except for what is given. */
function facts(
  log: Partial<LogCheck> = {},
  policy: Partial<Policy> = {},
  { aliveHours = 0, behind = 0 } = {},
): Facts {
  const week = { events: 12_000, ageMs: 3 * 86_400_000 }
  const plain = { bytes: 3e6, archiveBytes: 0, events: 12_000, own: 12_000, oldestAt: now - 3 * DAY, week }
  return {
    checkup: { now, log: { ...plain, ...log }, behind: { events: behind, ageMs: null } },
    workers: aliveHours === 0 ? [] : [{ state: 'live', startedAt: now - aliveHours * 3_600_000_000 }],
    state: { policy: { ...defaultPolicy, ...policy } },
    drift: { fields: [], unfolded: null, unreadable: null, passedOver: [] },
    chain: null,
  } as unknown as Facts
}

const GB = 1e9

it('says how much was not looked at where the log is long after its newest snapshot', () => {
  const drift = {
    fields: null,
    paused: null,
    ledger: null,
    unfolded: 123_456,
    unreadable: null,
    passedOver: [],
  }
  expect(checkLog({ ...facts(), drift })).toMatchObject([
    { level: 'note', check: 'unfolded', what: expect.stringMatching(/^123,456 events came after/) },
  ])
})

describe('the size of the log', () => {
  it('is told with what it will come to, and when retention holds it', () => {
    expect(checkLog(facts())).toEqual([])
    expect(logSize(facts())).toEqual({
      ...{ bytes: 3e6, archiveBytes: 0, bytesPerDay: 1e6, heldAtBytes: 30e6, heldInDays: 27, chain: 'off' },
      overdueDays: null,
    })
    expect(logSize(facts({ oldestAt: now - 30.5 * DAY }))).toMatchObject({ heldInDays: 0, overdueDays: null })
    expect(logSize(facts({}, { retentionDays: null }))).toMatchObject({ heldAtBytes: null, heldInDays: null })
    expect(logSize(facts({ week: null }))).toMatchObject({ bytesPerDay: null, heldAtBytes: null })
    expect(logSize(facts({ week: { events: 9, ageMs: 60_000 } }))).toMatchObject({ bytesPerDay: null })
  })

  it('does not count what other queues put into the same tables', () => {
    expect(logSize(facts({ events: 120_000, bytes: 30e6 }))).toMatchObject({ bytesPerDay: 1e6 })
  })

  it.each([
    ['nothing leaves it', { bytes: 2 * GB }, { retentionDays: null }, 'log', 'policy set --retention 30'],
    ['its archive only grows', { archiveBytes: 6 * GB }, {}, 'archive', 'archive --before 30d --to'],
  ])('is worth a word when %s', (_, log, policy, check, remedy) => {
    expect(checkLog(facts(log, policy))).toMatchObject([{ check, remedy: expect.stringContaining(remedy) }])
  })

  it('is none when it is meant to be like that', () => {
    expect(checkLog(facts({ archiveBytes: 6 * GB }, { archive: 'drop' }))).toEqual([])
    expect(checkLog(facts({ oldestAt: now - 30.5 * DAY }))).toEqual([])
    expect(checkLog(facts({ oldestAt: now - 400 * DAY }, { retentionDays: null }))).toEqual([])
  })
})

describe('events that should have left the log', () => {
  const old = { oldestAt: now - 40 * DAY, own: 20, events: 20 }

  it('are told however few they are, and no size is promised', () => {
    expect(logSize(facts(old))).toMatchObject({ heldAtBytes: null, heldInDays: null, overdueDays: 40 })
    expect(logSize(facts({ oldestAt: now - 92 * DAY }, { retentionDays: 90 }))).toMatchObject({
      ...{ heldAtBytes: null, overdueDays: 92 },
    })
    const plain = (text: string) => text
    const said = sizeText({ colors: { dim: plain } } as unknown as Frame, logSize(facts(old)), [])
    expect(said[0]).toContain('retention does not keep up: it has events of 40 days ago')
  })

  it.each([
    ['nobody is there', {}, 'note', 'let a process of Interlock run for an hour'],
    ['somebody has only just come', { aliveHours: 1 }, 'note', 'let a process of Interlock run'],
    ['somebody could not take them out', { aliveHours: 5 }, 'problem', 'look at their warnings'],
    ['your tables are behind', { aliveHours: 5, behind: 7 }, 'problem', 'end what locks your tables'],
  ])('are a finding where %s', (_, more, level, remedy) => {
    expect(checkLog(facts(old, {}, more))).toMatchObject([
      {
        ...{ check: 'retention', level, remedy: expect.stringContaining(remedy) },
        what: expect.stringContaining(
          'events should leave the log after 30 days, but the oldest one is 40 days old',
        ),
      },
    ])
  })
})
