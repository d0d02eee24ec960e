import { jobTypes, reasonCodes } from '../core/index.ts'
import type { CheckedRow } from './event-schema.ts'

type Row = Readonly<Record<string, unknown>>
type Guard = (value: unknown) => boolean

interface Shape {
  /** Checks the columns of this event, beside those of every event. */
  readonly columns: (row: Row) => boolean
  readonly data: ReadonlyMap<string, Guard>
  /** A key that its data must have; null: it may have no data. */
  readonly needs: string | null
}

const isText: Guard = (value) => typeof value === 'string' && value.length > 0
const isHash: Guard = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isCount: Guard = (value) => Number.isSafeInteger(value) && (value as number) >= 1
const isTrue: Guard = (value) => value === true
const isBoolean: Guard = (value) => typeof value === 'boolean'
const isTexts: Guard = (value) => Array.isArray(value) && value.every(isText)
const isNothing: Guard = (value) => value === null || value === undefined
const oneOf = (words: readonly string[]): Guard => {
  const set: ReadonlySet<unknown> = new Set(words)
  return (value) => set.has(value)
}
const isJobType = oneOf(jobTypes)

const shape = (
  needs: string | null,
  data: Readonly<Record<string, Guard>>,
  columns: Shape['columns'],
): Shape => ({
  ...{ needs, columns },
  data: new Map(Object.entries({ offers: isTrue, ...data })),
})
const ofAJob = (row: Row): boolean => isText(row['job_id'])
const waited = shape('reason', { reason: oneOf(reasonCodes), blocked_by: isText, model: isText }, ofAJob)

const shapes: ReadonlyMap<unknown, Shape> = new Map([
  [
    'queued',
    shape(
      null,
      {
        kind: isText,
        attempts: isCount,
        timeout_ms: isCount,
        has_data: isTrue,
        asked: isBoolean,
        intake: isTrue,
        named: isTrue,
        payload_hash: isHash,
      },
      (row) => isText(row['job_id']) && isJobType(row['job_type']) && isTexts(row['models']),
    ),
  ],
  [
    'started',
    shape(
      null,
      { attempt: isCount },
      (row) => isText(row['job_id']) && isText(row['worker_id']) && isTexts(row['models']),
    ),
  ],
  ['completed', shape('token', { token: isCount }, ofAJob)],
  ['blocked', waited],
  ['conflict', waited],
])

/**
 * True only for a row that the schema accepts unchanged: of a common event, with nothing unusual about it. It takes a tenth of
 * the schema's time. The schema judges all other rows.
 */
export function isPlainRow(row: unknown): row is CheckedRow {
  if (typeof row !== 'object' || row === null) return false
  const of = row as Row
  const shape = shapes.get(of['event_type'])
  return shape !== undefined && isRecorded(of) && shape.columns(of) && isPlainData(of['data'], shape)
}

function isRecorded(row: Row): boolean {
  return (
    isCount(row['seq']) &&
    Number.isSafeInteger(row['at']) &&
    typeof row['command_id'] === 'string' &&
    Number.isSafeInteger(row['command_hash']) &&
    (isNothing(row['worker_id']) || isText(row['worker_id']))
  )
}

function isPlainData(data: unknown, { needs, data: guards }: Shape): boolean {
  if (isNothing(data)) return needs === null
  if (typeof data !== 'object' || Array.isArray(data)) return false
  for (const key in data as Row) {
    if (guards.get(key)?.((data as Row)[key]) !== true) return false
  }
  return needs === null || (data as Row)[needs] !== undefined
}
