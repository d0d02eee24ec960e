import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventType, RecordedEvent } from '../../../src/engine/core/index.ts'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { decodeEvent, encodeEvent } from '../../../src/engine/events/index.ts'
import { arbitraryRecordedEvent } from '../../support/arbitraries.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { codecModule } from './codec-module.ts'
import { eventRowSchema } from './event-schema.ts'

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

const foreign = ['token', 'reason', 'models', 'offers', 'constructor', '__proto__']

/** A row with something in it that nobody wrote: a column, a key of its data, or a row that is wholly another. */
const arbitraryRow: fc.Arbitrary<unknown> = fc
  .record({
    event: fc.oneof(...usual.map(arbitraryRecordedEvent), arbitraryRecordedEvent()),
    column: fc.option(
      fc.constantFrom('seq', 'at', 'event_type', 'job_id', 'models', 'worker_id', 'command_hash', 'data'),
      { freq: 1 },
    ),
    key: fc.option(fc.nat(30), { freq: 1 }),
    value: junk,
  })
  .map(({ event, column, key, value }) => {
    const row = rowOf(event)
    if (column !== null) row[column] = value
    // A key without a value cannot come from a database.
    if (key !== null && value !== undefined) {
      const data = Object(row['data']) as Row
      const keys = [...Object.keys(data), ...foreign]
      const name = keys[key % keys.length] ?? ''
      row['data'] = Object.defineProperty({ ...data }, name, { value, enumerable: true })
    }
    return row
  })

/** Where the row is wrong: its column, or its column and the key in it. Null: nowhere. */
function faultOf(row: unknown): string | null {
  try {
    decodeEvent(row)
    return null
  } catch (error) {
    if (!isInterlockError(error)) throw error
    return 'path' in error.details ? firstTwo(error.details.path) : 'event.event_type'
  }
}

const firstTwo = (path: string) => path.split(/[.[]/u).slice(0, 3).join('.')

/** The same by the schema, which was written without the guards that judge rows as they are read. */
function faultBySchema(row: unknown): readonly string[] | null {
  const { error } = eventRowSchema().safeParse(row)
  if (error === undefined) return null
  return error.issues.flatMap(({ path, ...issue }) =>
    'keys' in issue
      ? issue.keys.map((key) => firstTwo(['event', ...path, key].join('.')))
      : [firstTwo(['event', ...path].join('.'))],
  )
}

describe('a row of the log', () => {
  it(
    'is refused just where its schema refuses it, whatever was done to it',
    () => {
      let sound = 0
      fc.assert(
        fc.property(arbitraryRow, (row) => {
          const expected = faultBySchema(row)
          const found = faultOf(row)
          if (expected === null) expect(found).toBeNull()
          else
            expect(
              expected.some((path) => found?.startsWith(path)),
              `${found}: ${expected}`,
            ).toBe(true)
          if (found === null) sound++
        }),
        { numRuns: runs(10_000) },
      )
      expect(sound).toBeGreaterThan(runs(500))
    },
    PATIENCE,
  )

  it.each([null, undefined, 3, 'queued', [], {}])('is not %s', (value) => {
    expect(faultOf(value)).not.toBeNull()
  })
})

it('the code is what the table says now: `npm run generate -- codec` writes it', () => {
  const written = readFileSync(new URL('../../../src/engine/events/event-codec.ts', import.meta.url), 'utf8')
  expect(squeezed(written)).toBe(squeezed(codecModule()))
})

/** Without what the formatter adds and takes away. */
const squeezed = (text: string): string => text.replaceAll(/[\s{},;|()]/gu, '')
