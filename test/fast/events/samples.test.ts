import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { eventTypes, projectionOf, Replayer } from '../../../src/engine/core/index.ts'
import { decodeEvent, encodeEvent, SCHEMA_VERSION } from '../../../src/engine/events/index.ts'
import { type Upcasters, upcasting } from '../../../src/engine/events/upcast.ts'

type Row = Readonly<Record<string, unknown>>

const kept = (name: string): readonly Row[] =>
  readFileSync(new URL(`samples/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/**
 * Rows of `job_queue_log` with every type of event, as the database gives them, and the rows of the queue and of its jobs at every tenth event. Both
 * stay as they are for ever: a row may gain a column.
 */
const rows = kept('events')

describe('the kept log', () => {
  it('has a sample of every type of event', () => {
    expect(new Set(rows.map((row) => row['event_type']))).toEqual(new Set(eventTypes))
    expect(Math.max(...rows.map((row) => Number(row['schema_version'])))).toBe(SCHEMA_VERSION)
  })

  it('is folded to the states that it was folded to when it was kept', () => {
    const replayer = new Replayer()
    const states = rows.map((row) => {
      replayer.push(decodeEvent(row))
      return projectionOf(replayer.ledger())
    })
    expect(kept('states').length).toBeGreaterThan(20)
    for (const state of kept('states'))
      expect(states[Number(state['at']) - 1]).toMatchObject(state['is'] as Row)
    expect(replayer.ledger().epoch).toBe(2)
  })

  it('is written as it is kept: a field that is added or lost raises the version of its type', () => {
    for (const row of rows) expect({ schema_version: 1, ...encodeEvent(decodeEvent(row)) }).toEqual(row)
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
