import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { faultByReading, faultOf } from '../../../src/engine/events/check-event.ts'
import { decodeEvent, encodeEvent } from '../../../src/engine/events/index.ts'
import { arbitraryRecordedEvent } from '../../support/arbitraries.ts'
import { holds, runs } from '../../support/runs.ts'

const arbitraryEvent = arbitraryRecordedEvent()

const odd = fc.constantFrom<unknown>(
  ...[Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2e9, 2 ** 53, '', '\0', '\ud800', 'E_TIMEOUT'],
  ...[null, undefined, true, [], {}, ['\0'], [1]],
)

/** An event with one field, of itself or of its spec, that is something else. */
const forged = fc.tuple(arbitraryEvent, fc.nat(30), odd).map(([event, n, value]) => {
  const spec = 'spec' in event ? Object.keys(event.spec) : []
  const keys = [...Object.keys(event).filter((key) => key !== 'type'), ...spec.map((key) => `spec.${key}`)]
  const key = keys[n % keys.length] ?? 'seq'
  const [outer, inner] = key.split('.')
  if (inner === undefined) return { ...event, [key]: value } as RecordedEvent
  return { ...event, spec: { ...Reflect.get(event, outer ?? ''), [inner]: value } } as RecordedEvent
})

describe('an event on its way into the log', () => {
  it('is let through only if it reads back as it is', () => {
    const property = fc.property(fc.oneof(arbitraryEvent, forged), (event) => {
      if (faultOf(event) !== null) return
      expect(faultByReading(event)).toBeNull()
      expect(decodeEvent(JSON.parse(JSON.stringify(encodeEvent(event))))).toEqual(event)
    })
    fc.assert(property, { numRuns: runs(3_000) })
  })

  it(
    'is let through if it is as events are',
    holds([arbitraryEvent], 1_000, (event) => {
      expect(faultOf(event)).toBeNull()
    }),
  )
})
