-- One row per live job, waiting or active, so that you can see them in SQL. A projection; a job that has ended is in the log
-- only.
-- The line is ordered by (place_level, place_order, place_tie); place_order is in microseconds since 1970.
create table if not exists public.job_queue_jobs (
  queue text not null,
  job_id text not null,
  state text not null,
  job_type text not null,
  kind text not null,
  models text[] not null,
  priority integer not null,
  place_level integer not null,
  place_order bigint not null,
  place_tie double precision not null,
  queued_at timestamptz not null,
  due_at timestamptz,
  -- When the waiting of a waiting job ends, or when the attempt of an active one times out.
  expires_at timestamptz,
  -- How many attempts were made, and how many there may be. Those that were given back count as postponed only.
  attempt integer not null,
  attempts integer not null,
  timeout_ms bigint not null,
  -- Null while the job waits, and while it is active but detached: then it depends on no lease.
  worker_id text,
  fencing_token bigint,
  started_at timestamptz,
  cancel_requested boolean not null default false,
  blocked_by_job_id text,
  blocked_on text,
  conflict_reason text,
  primary key (queue, job_id)
) with (fillfactor = 70);

-- The sequence number of the job's `queued` event. Negative if what its handler needs may be a row of `jobs`, which no append
-- brings. The data of the job (job_queue_data) belongs to that life, and an append finds it here without a look at the log. Null
-- for rows from before this column existed, and after a rebuild: then job_queue_life asks the log. Not a part of the projection,
-- which is compared without it.
alter table public.job_queue_jobs add column if not exists life bigint;

alter table public.job_queue_jobs add column if not exists postponed integer not null default 0;

-- What the job asks of a place of one of its models, {"flux-dev": {"vram": 20}}; null: nothing, so it takes all of each place.
alter table public.job_queue_jobs add column if not exists asks jsonb;

-- While the job is active: the place of each of its models that has places by the policy, {"flux-dev": "host1:1"}; else null.
alter table public.job_queue_jobs add column if not exists places jsonb;

-- Those of its models of which it takes all places (`exclusive`); null: it shares all of them.
alter table public.job_queue_jobs add column if not exists whole text[];

-- job_queue_places looks for jobs that keep others from a model although it has places left. There are few.
create index if not exists job_queue_jobs_whole_idx on public.job_queue_jobs (queue) where whole is not null;

-- For the same reason as the log (20_log.sql).
alter table public.job_queue_jobs set (vacuum_truncate = off);
