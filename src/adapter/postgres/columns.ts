import { asRead, decodeEvent, type Voids } from '../../codec/index.ts'
import type { RecordedEvent } from '../../core/index.ts'

/** The events of a page: their times, then each column as one JSON array; all null if there is no event. */
export type Columns = readonly (string | null)[]

/** @throws InterlockError `corrupt_log`, `unknown_event` */
export function eventsOf([times, ...texts]: Columns, voids: Voids): readonly RecordedEvent[] {
  if (times == null) return []
  const at = microsOf(times)
  const [seq, type, jobId, jobType, models, workerId, data, commandId, hash, shape] = texts.map(listOf)
  return at.map((micros, i) =>
    decodeEvent(
      asRead(
        {
          seq: seq?.[i],
          at: micros,
          event_type: type?.[i],
          job_id: jobId?.[i],
          job_type: jobType?.[i],
          models: models?.[i],
          worker_id: workerId?.[i],
          data: data?.[i],
          command_id: commandId?.[i] ?? '',
          command_hash: hash?.[i],
          schema_version: shape?.[i],
        },
        voids,
      ),
    ),
  )
}

const listOf = (text: string | null) => JSON.parse(text ?? '[]') as unknown[]

/** From 1970, of which all times are told, to 2000, from which the server counts; in microseconds. */
const SERVER_EPOCH = Date.UTC(2000, 0) * 1_000
const HIGH = 2 ** 32

/** 64 bits each: a number too large to be exact is too large for the log, and refused as that. */
function microsOf(hex: string): readonly number[] {
  const bytes = Buffer.from(hex, 'hex')
  return Array.from(
    { length: bytes.length / 8 },
    (_, i) => bytes.readInt32BE(8 * i) * HIGH + bytes.readUInt32BE(8 * i + 4) + SERVER_EPOCH,
  )
}
