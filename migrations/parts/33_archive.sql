-- Events that were archived (job_queue_archive): the same rows, out of the way of every append, with the one index that
-- reading needs. Readers of the log find them here by themselves.
create table if not exists interlock.job_queue_log_archive (
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
  hash bytea,
  primary key (queue, seq)
);
alter index interlock.job_queue_log_archive_pkey set (fillfactor = 100);
-- For the same reason as job_queue_log_voided_idx.
create index if not exists job_queue_log_archive_voided_idx on interlock.job_queue_log_archive (queue)
  where event_type = 'voided';
