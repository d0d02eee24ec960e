import type pg from 'pg'
import { decodeEvent } from '../../codec/index.ts'
import { InterlockError } from '../../core/index.ts'
import type { LogPage } from '../../port/index.ts'
import type { Ask, Queryable } from './ask.ts'

/*
 * The log as text instead of job_queue_read's one JSON value, which the server takes twice as long to build: a row is one
 * string whose fields no field can break, since ids have no control characters and JSON writes them out. A string for each
 * field would cost the driver more than all checks do. One statement, so that head and events are of one moment.
 */
const FIELDS = 11
const BREAK = '\x1f'
const textOver = (table: string, cut: string) => `
  select case when l.seq is null or l.seq = (select min(m.seq) from public.${table} m where m.queue = $1 and m.seq > $2)
              then concat_ws(' ', h.version, h.epoch, (extract(epoch from clock_timestamp()) * 1000000)::bigint, h.archived_seq) end,
         case when l.seq is not null then concat(
           l.seq, chr(31), (extract(epoch from l.created_at) * 1000000)::bigint, chr(31), l.event_type, chr(31), l.job_id, chr(31),
           l.job_type, chr(31), array_to_json(l.models), chr(31), l.worker_id, chr(31), l.data, chr(31), l.command_id, chr(31),
           l.command_hash, chr(31), l.schema_version) end
    from public.job_queue_heads h
    left join public.${table} l on l.queue = $1 and l.seq > $2 and l.seq <= $2::bigint + $3 and ${cut}
   where h.queue = $1
   order by l.seq`

const log = textOver('job_queue_log', 'h.archived_seq <= $2::bigint')
/** What was archived: nothing of it where the event that comes next was not kept. */
const archive = textOver(
  'job_queue_log_archive',
  'exists (select from public.job_queue_log_archive n where n.queue = $1 and n.seq = $2::bigint + 1)',
)

/** The text as it comes. */
const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig

type Row = readonly [head: string | null, event: string | null]

/** @throws InterlockError `invalid_input`, `corrupt_log`, `unknown_event` */
export async function readPage(
  ask: Ask,
  on: Queryable,
  { queue, after, limit }: { readonly queue: string; readonly after: number; readonly limit: number },
): Promise<LogPage> {
  if (!(after >= 0 && limit >= 1 && limit <= 10_000)) {
    throw new InterlockError('invalid_input', 'read: takes after >= 0 and a limit of 1 to 10,000; page on')
  }
  const query = (text: string) =>
    ask<Row>(on, { text, values: [queue, after, limit], rowMode: 'array', types })
  const page = pageOf((await query(log)).rows)
  if (page === null) return { events: [], version: 0, epoch: 1, now: await clockOf(ask, on), archivedSeq: 0 }
  // Hardly ever: a reader from before the cut.
  return page.archivedSeq > after ? (pageOf((await query(archive)).rows) ?? page) : page
}

function pageOf(rows: readonly Row[]): LogPage | null {
  const [first] = rows
  if (!first) return null
  const [version, epoch, now, archivedSeq] = (first[0] ?? '').split(' ')
  return {
    archivedSeq: integer(archivedSeq),
    events: first[1] === null ? [] : rows.map(([, event]) => eventOf(event ?? '')),
    version: integer(version),
    epoch: integer(epoch),
    now: integer(now),
  }
}

function eventOf(row: string) {
  const fields = row.split(BREAK)
  const [seq, at, type, jobId, jobType, models, workerId, data, commandId, hash, shape] = fields
  return decodeEvent({
    seq: integer(seq),
    at: integer(at),
    // An id with a control character was not written by us: refused as damaged, and never read as something else.
    event_type: fields.length === FIELDS ? type : null,
    job_id: jobId || null,
    job_type: jobType || null,
    models: json(models),
    worker_id: workerId || null,
    data: json(data),
    command_id: commandId,
    command_hash: integer(hash),
    schema_version: integer(shape),
  })
}

const integer = (value: string | undefined): number => Number(value ?? Number.NaN)

const json = (value: string | undefined): unknown => (value ? JSON.parse(value) : null)

async function clockOf(ask: Ask, on: Queryable): Promise<number> {
  const clock = 'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now'
  return integer((await ask<{ now: string }>(on, clock)).rows[0]?.now)
}
