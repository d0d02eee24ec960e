import type pg from 'pg'
import { decodeEvent } from '../../codec/index.ts'
import { InterlockError } from '../../core/index.ts'
import type { LogPage } from '../../port/index.ts'
import type { Ask, Queryable } from './ask.ts'
import { Fields } from './fields.ts'

/*
 * A page as one text instead of job_queue_read's one JSON value, which the server takes twice as long to build, and instead
 * of a row for each event, which costs the driver more than all checks do. No field can break it, since ids have no control
 * characters and JSON writes them out. One statement, so that head and events are of one moment. Of the two functions that
 * give the seconds of a time, date_part is the quick one, and exact to the microsecond until the year 2106.
 */
const EVENT_END = '\x1e'
const textOver = (table: string, cut: string) => `
  select h.version, h.epoch, (extract(epoch from clock_timestamp()) * 1000000)::bigint, h.archived_seq, (
    select string_agg(concat_ws(chr(31), l.seq, (date_part('epoch', l.created_at) * 1000000)::bigint, l.event_type,
             coalesce(l.job_id, ''), coalesce(l.job_type, ''), coalesce(array_to_json(l.models)::text, ''),
             coalesce(l.worker_id, ''), coalesce(l.data::text, ''), coalesce(l.command_id, ''),
             coalesce(l.command_hash::text, ''), l.schema_version), chr(30))
      from (select * from public.${table} t
             where t.queue = $1 and t.seq > $2 and t.seq <= $2::bigint + $3 and ${cut}
             order by t.seq) l)
    from public.job_queue_heads h
   where h.queue = $1`

const log = textOver('job_queue_log', 'h.archived_seq <= $2::bigint')
/** What was archived: nothing of it where the event that comes next was not kept. */
const archive = textOver(
  'job_queue_log_archive',
  'exists (select from public.job_queue_log_archive n where n.queue = $1 and n.seq = $2::bigint + 1)',
)

/** The text as it comes. */
const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig

type Row = readonly [version: string, epoch: string, now: string, archivedSeq: string, events: string | null]

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
  // Taken out of the driver's answer, which outlives it: what it holds would pile up until the next large collection.
  const page = pageOf((await query(log)).rows.pop())
  if (page === null) return { events: [], version: 0, epoch: 1, now: await clockOf(ask, on), archivedSeq: 0 }
  // Hardly ever: a reader from before the cut.
  return page.archivedSeq > after ? (pageOf((await query(archive)).rows.pop()) ?? page) : page
}

function pageOf(row: Row | undefined): LogPage | null {
  if (!row) return null
  const [version, epoch, now, archivedSeq, events] = row
  return {
    archivedSeq: Number(archivedSeq),
    events: events === null ? [] : events.split(EVENT_END).map(eventOf),
    version: Number(version),
    epoch: Number(epoch),
    now: Number(now),
  }
}

function eventOf(text: string) {
  const fields = new Fields(text)
  const [seq, at] = [fields.integer(), fields.integer()]
  const [type, jobId, jobType, models] = [fields.text(), fields.text(), fields.text(), fields.text()]
  const [workerId, data, commandId] = [fields.text(), fields.text(), fields.text()]
  const [hash, shape] = [fields.integer(), fields.integer()]
  // An id with a control character was not written by us: refused as damaged, and never read as something else.
  if (!fields.isSpent) return decodeEvent({ seq })
  return decodeEvent({
    seq,
    at,
    event_type: type,
    job_id: jobId,
    job_type: jobType,
    models: models === null ? null : namesOf(models),
    worker_id: workerId,
    data: data === null ? null : JSON.parse(data),
    command_id: commandId ?? '',
    command_hash: hash,
    schema_version: shape,
  })
}

/** The same few lists come again and again: read once, and held once. */
const lists = new Map<string, unknown>()
const MOST_LISTS = 10_000

function namesOf(text: string): unknown {
  const known = lists.get(text)
  if (known !== undefined) return known
  if (lists.size === MOST_LISTS) lists.clear()
  const list: unknown = Object.freeze(JSON.parse(text))
  lists.set(text, list)
  return list
}

async function clockOf(ask: Ask, on: Queryable): Promise<number> {
  const clock = 'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now'
  return Number((await ask<{ now: string }>(on, clock)).rows[0]?.now)
}
