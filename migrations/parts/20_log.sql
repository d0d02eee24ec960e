-- The log: the one source of truth. Rows are only ever added, by job_queue_append.
-- Fixed-width columns come first and last, so that alignment costs little: a job (3 events) has a budget of 1 KB of rows and
-- index entries. This table and the others that every append writes have no CHECK. PostgreSQL reads and compiles each CHECK per
-- statement, which would cost a quarter of an append (75 of 280 µs with 1 event, 170 of 780 µs with 20). job_queue_append checks
-- the bounds anyway as it goes over the events.
create table if not exists public.job_queue_log (
  seq bigint not null,
  created_at timestamptz not null,
  queue text not null,
  event_type text not null,
  job_id text,
  job_type text,
  models text[],
  worker_id text,
  data jsonb,
  command_id text,
  command_hash bigint,
  schema_version smallint not null default 1,
  -- If the queue keeps a chain (job_queue_start_chain); else null, which costs nothing.
  hash bytea,
  primary key (queue, seq)
);

-- Every event of one job: SELECT * FROM job_queue_log WHERE queue = 'default' AND job_id = '…' ORDER BY seq;
-- Because seq is not in the key, the events of a job share one index entry (deduplication): 110 bytes a job instead of 290. To
-- sort a handful of rows costs nothing.
create index if not exists job_queue_log_job_idx on public.job_queue_log (queue, job_id);

-- What a command did, so that the same command does nothing twice (job_queue_append):
-- SELECT seq FROM job_queue_log WHERE command_id = '…' AND queue || '' = 'default';
-- queue is not in the key, because the primary key begins with it: on a table without statistics the planner chose the primary
-- key for this look-up, and every append read the whole log of the queue until the first ANALYZE.
create index if not exists job_queue_log_command_idx on public.job_queue_log (command_id);

-- What happened since then: SELECT * FROM job_queue_log WHERE created_at > now() - interval '1 hour' ORDER BY created_at DESC;
-- A range index is enough, since rows lie in the order of their times: a few KB instead of 90 bytes a job. It gives no order, so
-- SELECT * FROM job_queue_log ORDER BY created_at DESC LIMIT 20 reads the whole log (0.5 s with a million events). Limit the
-- time, or use the numbers of the primary key: WHERE queue = 'default' ORDER BY seq DESC LIMIT 20.
drop index if exists public.job_queue_log_created_idx;
create index if not exists job_queue_log_time_idx on public.job_queue_log
  using brin (created_at) with (pages_per_range = 16, autosummarize = on);

-- Which events are void (job_queue_voided). Nearly every log has none, and then this index is empty.
create index if not exists job_queue_log_voided_idx on public.job_queue_log (queue) where event_type = 'voided';

-- Vacuum must not give empty pages back: that would lock out every append. Besides, a plan made when no page is left would read
-- all pages that come later.
alter table public.job_queue_log set (vacuum_truncate = off);

-- Numbers only grow, so pages are never split in the middle, and free space in them would stay empty.
alter index public.job_queue_log_pkey set (fillfactor = 100);
