-- The log: the one source of truth. Rows are only ever added, by job_queue_append.
-- Fixed-width columns come first and last so that alignment costs little; a job (3 events) has a budget of 1 KB of
-- rows and index entries. No CHECK, here and in the other tables that every append writes: they cost a quarter of an append
-- (PostgreSQL reads and compiles each anew per statement: 75 of 280 µs with 1 event, 170 of 780 µs with 20).
-- job_queue_append checks the bounds in the pass that it makes over the events anyway.
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
  -- Of a queue that keeps a chain (job_queue_start_chain); else null, which costs nothing.
  hash bytea,
  primary key (queue, seq)
);

-- Every event of one job: SELECT * FROM job_queue_log WHERE queue = 'default' AND job_id = '…' ORDER BY seq;
-- Without seq in the key, the events of a job share one index entry (deduplication): 290 bytes a job become 110, and
-- sorting a handful of rows costs nothing.
create index if not exists job_queue_log_job_idx on public.job_queue_log (queue, job_id);

-- What a command did, so that the same command does nothing twice (job_queue_append):
-- SELECT seq FROM job_queue_log WHERE command_id = '…' AND queue || '' = 'default';
-- Without queue in the key, which the primary key leads with: on a table without statistics the planner took the
-- primary key for this look-up, and read the whole log of the queue in every append until the first ANALYZE.
create index if not exists job_queue_log_command_idx on public.job_queue_log (command_id);

-- The newest events: SELECT * FROM job_queue_log ORDER BY created_at DESC LIMIT 20;
create index if not exists job_queue_log_created_idx on public.job_queue_log (created_at);
