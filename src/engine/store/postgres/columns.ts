import type { RecordedEvent } from '../../core/index.ts'
import { asRead, decodeEvent, type Voids } from '../../events/index.ts'

/** The events of a page: their times, then each column as one JSON array; all null if there are no events. */
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

/** Microseconds from 1970, where our times begin, to 2000, where the server's begin. */
const SERVER_EPOCH = Date.UTC(2000, 0) * 1_000
const HIGH = 2 ** 32

/** Each time has 64 bits. A number that a double cannot hold exactly is refused: no time in a log is so large. */
function microsOf(hex: string): readonly number[] {
  const bytes = Buffer.from(hex, 'hex')
  return Array.from(
    { length: bytes.length / 8 },
    (_, i) => bytes.readInt32BE(8 * i) * HIGH + bytes.readUInt32BE(8 * i + 4) + SERVER_EPOCH,
  )
}
