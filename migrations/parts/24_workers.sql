-- One row per worker process (an incarnation, never reused). Its lease covers every job that it runs: a start writes nothing
-- here, a heartbeat one row. There is no index but the key, and free space in each page, so that a heartbeat is a HOT update.
-- kinds: the kinds that it has handlers for, null for all. ttl_ms, grace_ms: how many milliseconds without a beat until the lease
-- ends, and after that until the worker may be declared dead. settled: it is gone and holds nothing, so job_queue_overdue skips
-- it.
create table if not exists interlock.job_queue_workers (
  queue text not null check (length(queue) between 1 and 200),
  worker_id text not null check (length(worker_id) between 1 and 200),
  kinds text[],
  free_slots integer not null check (free_slots >= 0),
  release text not null check (length(release) <= 200),
  started_at timestamptz not null,
  beat_at timestamptz not null,
  expires_at timestamptz not null,
  dead boolean not null default false,
  ttl_ms integer not null check (ttl_ms > 0),
  grace_ms integer not null check (grace_ms >= 0),
  primary key (queue, worker_id)
) with (fillfactor = 30);

alter table interlock.job_queue_workers add column if not exists settled boolean not null default false;

-- The newest shape of events (schema_version) that the process reads; null: one of a release that does not say it.
alter table interlock.job_queue_workers add column if not exists reads smallint;

-- When the server began to serve on which the lease was last confirmed. On another one (after a start, a fail-over) the lease has its
-- whole time to live again (job_queue_elsewhere). Null: not noted yet.
alter table interlock.job_queue_workers add column if not exists server_since timestamptz;
