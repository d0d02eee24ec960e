import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { workedLog } from '../../../bench/worked-log.ts'
import type { EventType, RecordedEvent } from '../../../src/engine/core/index.ts'
import { isPlainRow } from '../../../src/engine/events/decode-event.ts'
import { eventRowSchema } from '../../../src/engine/events/event-schema.ts'
import { encodeEvent } from '../../../src/engine/events/index.ts'
import { arbitraryRecordedEvent } from '../../support/arbitraries.ts'
import { codecModule } from './codec-module.ts'

type Row = Record<string, unknown>

const usual: readonly EventType[] = ['queued', 'started', 'completed', 'blocked', 'conflict']
const rowOf = (event: RecordedEvent): Row => JSON.parse(JSON.stringify(encodeEvent(event)))
const junk = fc.constantFrom<unknown>(
  ...[
    null,
    undefined,
    '',
    'x',
    0,
    1,
    -1,
    1.5,
    2 ** 53,
    Number.NaN,
    true,
    false,
    [],
    [''],
    ['x', 1],
    {},
    { x: 1 },
  ],
)

/** A row with something in it that nobody wrote: a column, a key of its data, or a row that is wholly another. */
const arbitraryRow: fc.Arbitrary<unknown> = fc
  .record({
    event: fc.oneof(...usual.map(arbitraryRecordedEvent), arbitraryRecordedEvent()),
    column: fc.option(
      fc.constantFrom('seq', 'at', 'event_type', 'job_id', 'models', 'worker_id', 'command_hash', 'data'),
      { freq: 1 },
    ),
    key: fc.option(
      fc.constantFrom(
        'token',
        'reason',
        'blocked_by',
        'attempt',
        'offers',
        'kind',
        'constructor',
        '__proto__',
      ),
      { freq: 1 },
    ),
    value: junk,
  })
  .map(({ event, column, key, value }) => {
    const row = rowOf(event)
    if (column !== null) row[column] = value
    if (key !== null)
      row['data'] = Object.defineProperty({ ...(row['data'] as Row) }, key, { value, enumerable: true })
    return row
  })

describe('a plain row', () => {
  it('is one that the schema takes as it is, whatever was done to it', () => {
    let plain = 0
    fc.assert(
      fc.property(arbitraryRow, (row) => {
        if (!isPlainRow(row)) return
        plain++
        expect({ ...row, ...eventRowSchema().parse(row) }).toStrictEqual(row)
      }),
      { numRuns: 20_000 },
    )
    expect(plain).toBeGreaterThan(1_000)
  })

  it('is every one of a log under steady work, but for its policy', () => {
    const others = workedLog({ events: 2_000, waiting: 50 }).filter((event) => !isPlainRow(rowOf(event)))
    expect(others.map(({ type }) => type)).toEqual(['policy_changed'])
  })

  it.each([null, undefined, 3, 'queued', [], {}])('is not %s', (value) => {
    expect(isPlainRow(value)).toBe(false)
  })
})

it('the code is what the table says now: `npm run generate -- codec` writes it', () => {
  const written = readFileSync(new URL('../../../src/engine/events/event-codec.ts', import.meta.url), 'utf8')
  expect(squeezed(written)).toBe(squeezed(codecModule()))
})

/** Without what the formatter adds and takes away. */
const squeezed = (text: string): string => text.replaceAll(/[\s{},;|()]/gu, '')
