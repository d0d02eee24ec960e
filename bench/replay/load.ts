import type pg from 'pg'
import type { RecordedEvent } from '../../src/engine/core/index.ts'
import { encodeEvent } from '../../src/engine/events/index.ts'
import { connected } from '../frame/servers.ts'
import { type LogShape, workedLog } from '../worked-log.ts'

const PER_STATEMENT = 10_000

/**
 * Puts a log into an empty queue past `job_queue_append`, as only the owner of the tables can: what is measured is how it
 * is read, and a million appends would take an hour.
 */
export async function loadLog(url: string, queue: string, shape: LogShape): Promise<void> {
  const events = workedLog(shape)
  await connected(url, async (client) => {
    for (let from = 0; from < events.length; from += PER_STATEMENT) {
      await insertEvents(client, queue, events.slice(from, from + PER_STATEMENT))
    }
    await endAt(client, queue, events.length)
  })
}

export async function insertEvents(
  client: pg.Client,
  queue: string,
  events: readonly RecordedEvent[],
): Promise<void> {
  await client.query(insert, [queue, JSON.stringify(events.map(encodeEvent))])
}

/** The log has this many events now. */
export async function endAt(client: pg.Client, queue: string, version: number): Promise<void> {
  await client.query(
    `update interlock.job_queue_heads h set version = $2, projected_seq = $2, last_at = l.created_at
       from job_queue_log l where h.queue = $1 and l.queue = $1 and l.seq = $2`,
    [queue, version],
  )
  await client.query('vacuum (analyze) job_queue_log')
}

const insert = `
  insert into job_queue_log (queue, seq, created_at, event_type, job_id, job_type, models, worker_id, data, command_id,
    command_hash, schema_version)
  select $1, e.seq, 'epoch'::timestamptz + e.at * interval '1 microsecond', e.event_type, e.job_id, e.job_type, e.models,
         e.worker_id, e.data, e.command_id, e.command_hash, 1
    from jsonb_to_recordset($2::jsonb) as e (seq bigint, at bigint, event_type text, job_id text, job_type text,
         models text[], worker_id text, data jsonb, command_id text, command_hash bigint)`
