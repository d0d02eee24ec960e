import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  eventTypes,
  isInterlockError,
  type RecordedEvent,
  specDefaults,
} from '../../../src/engine/core/index.ts'
import { decodeEvent, decodeEvents, encodeEvent, SCHEMA_VERSION } from '../../../src/engine/events/index.ts'
import { arbitraryRecordedEvent } from '../../support/arbitraries.ts'

const overTheWire = (event: RecordedEvent): unknown => JSON.parse(JSON.stringify(encodeEvent(event)))

const recorded = { seq: 7, at: 1_764_000_000_000_000, commandId: 'c1', commandHash: 42 }
const queued: RecordedEvent = {
  ...recorded,
  type: 'queued',
  jobId: 'a',
  spec: { jobId: 'a', jobType: 'normal', kind: 'normal', models: ['flux-dev'], ...specDefaults },
}

describe('an event', () => {
  it.each(eventTypes)('%s comes back from the log as it was', (type) => {
    fc.assert(
      fc.property(arbitraryRecordedEvent(type), (event) => {
        expect(decodeEvent(overTheWire(event))).toStrictEqual(event)
      }),
    )
  })

  it('comes back from SQL, where absent columns are null', () => {
    const nothing = { job_id: null, job_type: null, models: null, worker_id: null, data: null }
    fc.assert(
      fc.property(arbitraryRecordedEvent(), (event) => {
        const row = { ...nothing, ...(overTheWire(event) as object), schema_version: 1 }
        expect(decodeEvent(row)).toStrictEqual(event)
      }),
    )
  })

  it('costs the log nothing for what is as usual', () => {
    expect(encodeEvent(queued).data).toBeUndefined()
    expect(encodeEvent({ ...queued, offers: ['a'] }).data).toEqual({ offers: true })
  })
})

describe('a row that is no event of this release', () => {
  const row = encodeEvent(queued)
  const refusalOf = (value: unknown) => {
    try {
      return decodeEvent(value)
    } catch (error) {
      return isInterlockError(error) ? `${error.code}: ${error.message}` : error
    }
  }

  it('of an unknown type is never guessed', () => {
    const refusal = refusalOf({ ...row, event_type: 'teleported' })
    expect(refusal).toMatch(/^unknown_event: event 7 .*"teleported".*upgrade interlock-queue/)
  })

  it('of a newer shape says to upgrade', () => {
    expect(refusalOf({ ...row, schema_version: SCHEMA_VERSION + 1 })).toMatch(
      /^unknown_event: event 7 .*upgrade/,
    )
  })

  it.each([
    ['a field of a newer release', { data: { colour: 'red' } }, 'event.data.colour'],
    ['a wrong type', { job_type: 'odd' }, 'event.job_type'],
    ['a missing id', { job_id: null }, 'event.job_id'],
    ['a model that is a number', { models: ['a', 3] }, 'event.models[1]'],
    ['a time beyond exact integers', { at: 2 ** 53 }, 'event.at'],
    ['a hash beyond exact integers', { command_hash: 2 ** 53 + 2 }, 'event.command_hash'],
  ])('with %s names the place', (_what, change, path) => {
    expect(refusalOf({ ...row, ...change })).toContain(
      `corrupt_log: event 7 of the log is damaged at ${path}:`,
    )
  })

  it.each([2 ** 53, 0, 1.5, '7', null])('with the sequence number %s is damaged', (seq) => {
    expect(refusalOf({ ...row, seq })).toMatch(/^corrupt_log: .*event\.seq/)
  })

  it.each([null, undefined, 3, [], {}])('like %s is damaged (corrupt_log)', (value) => {
    expect(refusalOf(value)).toMatch(/^corrupt_log/)
  })

  it('in place of a list of events says to migrate', () => {
    expect(() => decodeEvents({ code: 'PGRST' })).toThrow(/npx interlock-queue migrate/)
  })
})
