import type pg from 'pg'
import { parseVoids } from '../../codec/index.ts'
import { invalidInput } from '../../core/index.ts'
import type { LogPage } from '../../port/index.ts'
import type { Ask, Queryable } from './ask.ts'
import { type Columns, columnsOfEvents, eventsOf } from './columns.ts'

/** An event that makes others void: hardly any log has one, and to look for what they say costs as much as the page. */
const voided = (table: string) =>
  `exists (select from public.${table} v where v.queue = $1 and v.event_type = 'voided')`

/*
 * A page column by column: a value of JSON for each, instead of job_queue_read's one value, for which the server and JSON.parse
 * take twice as long since every event repeats the names of its fields, and instead of a row for each event, which costs the
 * driver more than all checks do. Times come as the bytes that they are: of all ways to write one down that took the longest.
 * One statement, so that head and events are of one moment.
 */
const pageOver = (table: string, cut: string) => `
  select h.version, h.epoch, (extract(epoch from clock_timestamp()) * 1000000)::bigint, h.archived_seq,
         case when ${voided('job_queue_log')} or ${voided('job_queue_log_archive')}
              then public.job_queue_voided($1, $2) end, e.*
    from (select * from public.job_queue_heads k where k.queue = $1 order by k.version desc limit 1) h, lateral (
      select ${columnsOfEvents}
        from (select * from public.${table} t
               where t.queue = $1 and t.seq > $2 and t.seq <= $2::bigint + $3 and ${cut}
               order by t.seq) l) e
`

const log = pageOver('job_queue_log', 'h.archived_seq <= $2::bigint')
/** What was archived: nothing of it where the event that comes next was not kept. */
const archive = pageOver(
  'job_queue_log_archive',
  'exists (select from public.job_queue_log_archive n where n.queue = $1 and n.seq = $2::bigint + 1)',
)

/** The text as it comes. */
const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig

type Row = readonly [
  version: string,
  epoch: string,
  now: string,
  archivedSeq: string,
  voids: string | null,
  ...events: Columns,
]

/** @throws InterlockError `invalid_input`, `corrupt_log`, `unknown_event` */
export async function readPage(
  ask: Ask,
  on: Queryable,
  { queue, after, limit }: { readonly queue: string; readonly after: number; readonly limit: number },
): Promise<LogPage> {
  if (!(after >= 0 && limit >= 1 && limit <= 10_000)) {
    throw invalidInput('read: takes after >= 0 and a limit of 1 to 10,000; page on')
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
  const [version, epoch, now, archivedSeq, voids, ...columns] = row
  return {
    archivedSeq: Number(archivedSeq),
    events: eventsOf(columns, parseVoids(JSON.parse(voids ?? 'null'))),
    version: Number(version),
    epoch: Number(epoch),
    now: Number(now),
  }
}

async function clockOf(ask: Ask, on: Queryable): Promise<number> {
  const clock = 'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now'
  return Number((await ask<{ now: string }>(on, clock)).rows[0]?.now)
}
