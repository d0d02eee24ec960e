import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'

/**
 * The floor under every append: what PostgreSQL takes for a call of the same shape with nothing in it. Locks a head row,
 * checks the version, inserts the events, tells who listens, commits to disk. Compared with it a figure says the same on
 * every machine.
 */
const schema = `
  create schema bench_floor;
  create table bench_floor.heads (queue text primary key, version bigint not null);
  create table bench_floor.log (queue text, seq bigint, at timestamptz not null, event jsonb not null,
    primary key (queue, seq));
  insert into bench_floor.heads values ('default', 0);
  create function bench_floor.append(q text, expected bigint, events jsonb) returns bigint language plpgsql as $$
  declare
    current bigint;
    count integer := jsonb_array_length(events);
  begin
    perform set_config('synchronous_commit', 'on', true);
    select h.version into current from bench_floor.heads h where h.queue = q for update;
    if current <> expected then return -current; end if;
    insert into bench_floor.log
      select q, expected + e.n, clock_timestamp(), e.event from jsonb_array_elements(events) with ordinality e (event, n);
    update bench_floor.heads h set version = expected + count where h.queue = q;
    perform pg_notify('bench_floor', q || ':' || expected + count);
    return expected + count;
  end $$`

/** What `floorAppends` needs in a database, made once. */
export async function makeFloor(client: pg.Client): Promise<void> {
  await client.query(schema)
}

/**
 * Milliseconds of each of `calls` appends of `batch` events, one after the other.
 * @param pauseMs before each: then what has gone to sleep has to wake up, in the server as in this process
 */
export async function floorAppends(
  client: pg.Client,
  batch: number,
  calls: number,
  pauseMs = 0,
): Promise<number[]> {
  const event = { event_type: 'started', job_id: 'job-123456', worker_id: 'w0a1b2c3d4', models: ['model-1'] }
  const events = JSON.stringify(Array.from({ length: batch }, () => event))
  const { rows } = await client.query<{ version: string }>('select version from bench_floor.heads')
  let version = Number(rows[0]?.version)
  const times: number[] = []
  for (let call = 0; call < calls; call++) {
    if (pauseMs > 0) await delay(pauseMs)
    const from = performance.now()
    await client.query({
      name: 'floor',
      text: 'select bench_floor.append($1, $2, $3)',
      values: ['default', version, events],
    })
    times.push(performance.now() - from)
    version += batch
  }
  return times
}
