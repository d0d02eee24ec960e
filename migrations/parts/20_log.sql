-- The log: the one source of truth. Rows are only ever added, by job_queue_append.
-- Fixed-width columns come first and last so that alignment costs little; a job (3 events) has a budget of 1 KB of
-- rows and index entries. event_type has no CHECK: readers decide which events they understand.
create table if not exists public.job_queue_log (
  seq bigint not null check (seq between 1 and 9007199254740991),
  created_at timestamptz not null,
  queue text not null check (length(queue) between 1 and 200),
  event_type text not null check (length(event_type) between 1 and 50),
  job_id text check (length(job_id) between 1 and 200),
  job_type text check (job_type in ('normal', 'workflow')),
  models text[] check (cardinality(models) <= 100),
  worker_id text check (length(worker_id) between 1 and 200),
  data jsonb check (pg_column_size(data) <= 65536),
  command_id text check (length(command_id) between 1 and 200),
  command_hash bigint,
  schema_version smallint not null default 1,
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
