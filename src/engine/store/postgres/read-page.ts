import type pg from 'pg'
import { InterlockError, invalidInput, type RecordedEvent } from '../../core/index.ts'
import { asRead, decodeEvent, parseVoids, type Voids } from '../../events/index.ts'
import type { LogPage } from '../index.ts'
import type { Queryable } from './connections.ts'
import type { Statements } from './statements.ts'
import { askedColumn, type WaitSetting } from './wait-proof.ts'

/** A page, column by column (`job_queue_page`), and what server answers; planned once per connection. */
const text = `select pg_is_in_recovery(), ${askedColumn}, p.* from public.job_queue_page($1::text, $2::bigint, $3::integer) p`

/** Leaves every value as text. */
const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig

type PageRow = readonly [
  isOfStandby: string,
  asked: WaitSetting,
  version: string,
  epoch: string,
  now: string,
  archivedSeq: string,
  voids: string | null,
  ...events: PageColumns,
]

/** @throws InterlockError `invalid_input`, `corrupt_log`, `unknown_event` */
export async function readPage(
  { ask }: Pick<Statements, 'ask'>,
  on: Queryable,
  { queue, after, limit }: { readonly queue: string; readonly after: number; readonly limit: number },
): Promise<LogPage> {
  if (!(after >= 0 && limit >= 1 && limit <= 10_000)) {
    throw invalidInput('read: takes after >= 0 and a limit of 1 to 10,000; page on')
  }
  const values = [queue, after, limit]
  const query = { name: 'job_queue_page', text, values, rowMode: 'array' as const, types }
  // Removed from the driver's answer, which lives longer: otherwise the rows would pile up until the next large collection.
  const row = (await ask<PageRow>(on, query)).rows.pop()
  if (!row) throw new InterlockError('store_unavailable', 'read: the server returned no row; try again')
  const [isOfStandby, asked, version, epoch, now, archivedSeq, voids, ...columns] = row
  return {
    archivedSeq: Number(archivedSeq),
    events: eventsOf(columns, parseVoids(JSON.parse(voids ?? 'null'))),
    version: Number(version),
    epoch: Number(epoch),
    now: Number(now),
    ...(isOfStandby === 't' && { isOfStandby: true }),
    ...(asked !== null && { isUnconfirmed: true }),
  }
}

/** The events of a page: their times, then each column as one JSON array; all null if there are no events. */
type PageColumns = readonly (string | null)[]

/** @throws InterlockError `corrupt_log`, `unknown_event` */
function eventsOf([times, ...texts]: PageColumns, voids: Voids): readonly RecordedEvent[] {
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
export function microsOf(hex: string): readonly number[] {
  const bytes = Buffer.from(hex, 'hex')
  return Array.from(
    { length: bytes.length / 8 },
    (_, i) => bytes.readInt32BE(8 * i) * HIGH + bytes.readUInt32BE(8 * i + 4) + SERVER_EPOCH,
  )
}
