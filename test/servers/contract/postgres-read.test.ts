/** How a page of the log comes over the wire: column by column, which nothing in an event may break. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { connection, migratedDatabase, opened } from './support.ts'

const insert = `
  insert into job_queue_log (queue, seq, created_at, event_type, job_id, job_type, models, command_id, command_hash)
  select 'q', e.seq, coalesce(e.time, 'epoch'::timestamptz + e.at * interval '1 microsecond'), 'queued', e.job_id, 'normal', e.models, 'c', 7
    from jsonb_to_recordset($1) as e (seq bigint, at bigint, time timestamptz, job_id text, models text[])`

interface Given {
  readonly at?: number
  /** In place of `at`. */
  readonly time?: string
  readonly job_id?: string
  readonly models?: readonly string[]
}

async function readBack(rows: readonly Given[]) {
  const url = await migratedDatabase()
  const sql = await connection(url)
  const store = await opened(url)
  const whole = rows.map((row, i) => ({
    seq: i + 1,
    at: 1_764_000_000_000_000 + i,
    job_id: 'a',
    models: ['m'],
    ...row,
  }))
  await sql.query(insert, [JSON.stringify(whole)])
  await sql.query("update interlock.job_queue_heads set version = $1 where queue = 'q'", [rows.length])
  return (await store.read('q', 0, 10_000)).events
}

it('has its times to the microsecond, as long as a number can tell them', async () => {
  const [first, last] = [Date.UTC(1900, 0) * 1_000, Date.UTC(2255, 0) * 1_000]
  const times = fc.sample(fc.integer({ min: first, max: last }), 5_000)
  times.push(first, -1, 0, 1, 999_999, Date.UTC(2000, 0) * 1_000 - 1, 1_764_000_000_123_456, last - 1)
  const events = await readBack(times.map((at) => ({ at })))
  expect(events.map(({ at }) => at)).toEqual(times)
})

it('is refused where a time is none, or too late for a number', async () => {
  for (const time of ['infinity', '-infinity', '2300-01-01']) {
    await expect(readBack([{}, { time }, {}])).rejects.toMatchObject({
      code: 'corrupt_log',
      details: { seq: 2 },
    })
  }
})

it('has ids and lists of models as they were written, whatever they look like', async () => {
  const texts = [
    '"',
    "'",
    '\\',
    '{a,b}',
    '[1]',
    '∅',
    '🚂'.repeat(100),
    'NULL',
    ' a ',
    ',',
    '\u007f',
    'a\\u001fb',
    'a\u001fb\u001e',
    '\n',
  ]
  const events = await readBack(texts.map((text) => ({ job_id: text, models: [text, `${text}-2`] })))
  expect(events).toMatchObject(texts.map((text) => ({ jobId: text, spec: { models: [text, `${text}-2`] } })))
})

it('is refused out of bounds (job_queue_page), and empty for a queue that nobody has opened', async () => {
  const sql = await connection(await migratedDatabase())
  for (const args of ['null, 0, 1', "'q', -1, 1", "'q', 0, 0", "'q', 0, 10001", "'q', null, 1"]) {
    await expect(sql.query(`select job_queue_page(${args})`)).rejects.toMatchObject({ code: 'JQ001' })
  }
  const { rows } = await sql.query("select * from job_queue_page('nobody', 0, 1)")
  expect(rows).toMatchObject([
    { version: '0', epoch: 1, archived_seq: '0', voided: null, at: null, seq: null },
  ])
})

it('says the same as job_queue_read, at every number of a log that was archived and has a void', async () => {
  const sql = await connection(await migratedDatabase())
  await sql.query("select job_queue_open('q')")
  const rows = Array.from({ length: 6 }, (_, i) => ({
    seq: i + 1,
    at: 1_764_000_000_000_000 + i,
    job_id: 'a',
    models: [],
  }))
  await sql.query(insert, [JSON.stringify(rows)])
  await sql.query(`insert into job_queue_log (queue, seq, created_at, event_type, data, command_id)
    values ('q', 7, now(), 'voided', '{"of": 5, "as": null}', 'c')`)
  // Else the archive takes rows from job_queue_archive only.
  await sql.query('set session_replication_role = replica')
  await sql.query("update interlock.job_queue_heads set version = 7, archived_seq = 3 where queue = 'q'")
  await sql.query(
    "insert into interlock.job_queue_log_archive select * from job_queue_log where queue = 'q' and seq between 2 and 3",
  )
  const both = `select (r ->> 'archived_seq')::bigint = p.archived_seq and (r ->> 'version')::bigint = p.version
      and (r ->> 'voided') is not distinct from p.voided::text as head,
      (select json_agg(e -> 'seq') from json_array_elements(r -> 'events') e)::text as read, p.seq::text as page
    from job_queue_read('q', $1, 10) r, job_queue_page('q', $1, 10) p`
  const seen: unknown[] = []
  for (let after = 0; after <= 7; after++) {
    const [row] = (await sql.query(both, [after])).rows
    expect(row).toMatchObject({ head: true, page: row.read })
    seen.push(row.page)
  }
  expect(seen).toEqual([null, '[2, 3]', '[3]', '[4, 5, 6, 7]', '[5, 6, 7]', '[6, 7]', '[7]', null])
})
