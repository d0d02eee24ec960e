import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultPolicy, eventTypes, projectionOf, replay } from '../../src/engine/core/index.ts'
import { decodeEvent, encodeEvent, SCHEMA_VERSION } from '../../src/engine/events/index.ts'
import { type Upcasters, upcasting } from '../../src/engine/events/upcast.ts'

type Row = Readonly<Record<string, unknown>>

const versions = Array.from({ length: SCHEMA_VERSION }, (_, n) => n + 1)

/** A log as it was when events had this shape: rows of `job_queue_log`, as the database gives them. */
function samplesOf(version: number): readonly Row[] {
  const text = readFileSync(new URL(`samples/${version}.jsonl`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** What each of those logs comes to. */
const folded: Readonly<Record<number, object>> = {
  1: {
    state: { status: 'idle', version: 54, active_count: 0, waiting_count: 1 },
    jobs: [{ job_id: 'r1', state: 'waiting', models: ['upscaler'], priority: 0, attempt: 0 }],
  },
  2: {
    state: { status: 'idle', version: 55, active_count: 0, waiting_count: 1 },
    jobs: [{ job_id: 'r1', state: 'waiting', models: ['upscaler'], priority: 0, attempt: 0 }],
  },
}

/** Types that came with a later shape. */
const later: Readonly<Record<number, readonly string[]>> = { 1: ['voided'] }

describe.each(versions)('a log of the shape %i', (version) => {
  const rows = samplesOf(version)

  it('has a sample of every type of event', () => {
    expect(rows.map((row) => row['schema_version'])).toEqual(rows.map(() => version))
    expect(new Set(rows.map((row) => row['event_type']))).toEqual(
      new Set(eventTypes.filter((type) => later[version]?.includes(type) !== true)),
    )
  })

  it('is decoded and folded by this release', () => {
    const events = rows.map(decodeEvent)
    expect(projectionOf(replay(events))).toMatchObject(folded[version] ?? {})
    expect(replay(events).epoch).toBe(2)
  })

  it('is older than some rules of a policy, and has none of them', () => {
    expect(replay(rows.map(decodeEvent)).policy).toEqual({
      ...defaultPolicy,
      ...{ maxActive: 8, capacity: { 'flux-dev': 2 }, maxOvertakes: null, ageSeconds: null, offerMs: 500 },
      emptySet: 'reject',
    })
  })
})

describe('the present shape', () => {
  it('is written as its samples are: a field that is added or lost raises SCHEMA_VERSION', () => {
    const rows = samplesOf(SCHEMA_VERSION).filter(
      ({ event_type: type, seq }) => type !== 'policy_changed' || seq === 1,
    )
    for (const row of rows) {
      const { schema_version: _, ...written } = row
      const { schema_version: __, ...encoded } = encodeEvent(decodeEvent(row))
      expect(encoded).toEqual(written)
    }
  })
})

describe('upcasting', () => {
  /** Two changes that a release to come might make. */
  const steps: Upcasters = {
    1: { failed: (row) => ({ ...row, data: { ...(row['data'] as object), final: false } }) },
    2: { failed: (row) => ({ ...row, models: [] }), queued: (row) => ({ ...row, job_type: 'normal' }) },
  }
  const upcast = upcasting(steps, 3)

  it('takes a row step by step to the present shape, by its type', () => {
    expect(upcast({ seq: 1, event_type: 'failed', data: { token: 4 } })).toEqual({
      ...{ seq: 1, event_type: 'failed', data: { token: 4, final: false }, models: [] },
    })
    expect(upcast({ event_type: 'queued', schema_version: 2 })).toMatchObject({ job_type: 'normal' })
    expect(upcast({ event_type: 'failed', schema_version: 2 })).toEqual({
      ...{ event_type: 'failed', schema_version: 2, models: [] },
    })
  })

  it('leaves alone what is of the present shape, or of a type that never changed', () => {
    for (const row of [
      { event_type: 'failed', schema_version: 3 },
      { event_type: 'due', schema_version: 1 },
    ])
      expect(upcast(row)).toBe(row)
  })

  it.each([4, '2', 1e9])('stops at the shape %j, which is newer than this release', (version) => {
    expect(() => upcast({ seq: 7, event_type: 'due', schema_version: version })).toThrow(
      /^event 7 of the log has the shape .*, this release reads shapes up to 3; upgrade interlock-queue$/,
    )
  })
})
