-- Payloads, results and error texts: what people may have to erase, and the append-only log must therefore not hold.
create table if not exists public.job_queue_data (
  queue text not null check (length(queue) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  payload jsonb check (pg_column_size(payload) <= 1048576),
  result jsonb check (pg_column_size(result) <= 1048576),
  error jsonb check (pg_column_size(error) <= 65536),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (queue, job_id)
);
