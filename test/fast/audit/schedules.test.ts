import { describe, expect, it } from 'vitest'
import type { Event, OverlapRule, RecordedEvent } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { manyAtOnce, queued, scheduleSet } from '../machine/story.ts'

const SECOND = 1_000_000

/** A log that somebody has written: an event every ten seconds, each of its own command. */
const forged = (events: readonly Event[]): readonly RecordedEvent[] =>
  events.map((event, i) => ({
    ...event,
    ...{ seq: i + 1, at: (i + 1) * 10 * SECOND, commandId: `c${i}`, commandHash: i },
  }))

/** Its schedule fires a job for this second, and names the next. */
const fired = (second: number, next = second + 1, named = second): Event =>
  ({
    ...queued(`nightly@${new Date(named * 1_000).toISOString()}`, `m${second}`, { schedule: 'nightly' }),
    ...{ due: second * SECOND, next: next * SECOND },
  }) as Event

const skipped = (second: number, next: number): Event => ({
  ...{ type: 'schedule_skipped', schedule: 'nightly', due: second * SECOND, next: next * SECOND },
  reason: 'missed',
})
const with_ = (overlap: OverlapRule): Event => ({ ...scheduleSet('nightly'), overlap }) as Event

/** What the audit says of schedules. */
const found = (...events: readonly Event[]): readonly string[] =>
  audit(forged([manyAtOnce, ...events]))
    .violations.filter(({ rule }) => rule === 'schedule')
    .map(({ detail }) => detail)

describe('the audit of a forged log', () => {
  it('finds nothing where each due time came once', () => {
    expect(found(scheduleSet('nightly'), fired(1), skipped(2, 9), fired(9))).toEqual([])
  })

  it('finds a schedule that fired twice', () => {
    expect(found(scheduleSet('nightly'), fired(1), fired(1))).toEqual([
      'nightly had its due time 1970-01-01T00:00:01.000Z before',
    ])
  })

  it('finds a schedule that fired twice, since it was removed and declared again in between', () => {
    const set = { ...scheduleSet('nightly'), next: 1 * SECOND }
    const removed: Event = { type: 'schedule_removed', schedule: 'nightly' }
    expect(found(set, fired(1), removed, set, fired(1))).toEqual([
      'nightly had its due time 1970-01-01T00:00:01.000Z before',
    ])
    expect(found(set, fired(1), removed, set, skipped(1, 9), fired(9))).toEqual([])
  })

  it('finds a firing that was not of the next due time', () => {
    expect(found(scheduleSet('nightly'), fired(2))).toEqual([
      'nightly was due at 1970-01-01T00:00:01.000Z, not 1970-01-01T00:00:02.000Z',
    ])
  })

  it('finds a due time that was skipped before, and one that is named as the next again', () => {
    expect(found(scheduleSet('nightly'), skipped(1, 5), fired(3))).toHaveLength(1)
    expect(found(scheduleSet('nightly'), fired(1, 1))).toEqual([
      'nightly has had 1970-01-01T00:00:01.000Z, and 1970-01-01T00:00:01.000Z is named as the next',
    ])
  })

  it('finds a job with the id of another due time, or one that came too early', () => {
    expect(found(scheduleSet('nightly'), fired(1, 2, 7))).toEqual([
      'its due time is 1970-01-01T00:00:01.000Z',
    ])
    expect(found(scheduleSet('nightly'), fired(1, 60), fired(60))).toEqual([
      'it was fired before its due time',
    ])
  })

  it('finds a firing of a paused schedule, and of one that is gone', () => {
    const set = scheduleSet('nightly')
    expect(found(set, { type: 'schedule_paused', schedule: 'nightly' }, fired(1))).toEqual([
      'nightly is paused',
    ])
    expect(found(set, { type: 'schedule_removed', schedule: 'nightly' }, fired(1))).toEqual([
      'it was fired, and there is no schedule nightly',
    ])
  })

  it('finds a firing beside a live job that the rule of overlap forbids', () => {
    for (const rule of ['skip', 'queueOne'] as const)
      expect(found(with_(rule), fired(1), fired(2))).toEqual([
        'it was fired while another job of nightly was live',
      ])
    expect(found(with_('allow'), fired(1), fired(2))).toEqual([])
  })

  it('finds a declaration of an older revision, and of another owner', () => {
    const set = (more: object) => ({ ...scheduleSet('nightly'), ...more }) as Event
    expect(found(set({ revision: 2 }), set({ revision: 1 }))).toEqual([
      'billing had declared revision 2 before revision 1',
    ])
    expect(found(set({}), set({ owner: 'reports' }))).toEqual(['nightly was declared by billing'])
  })
})
