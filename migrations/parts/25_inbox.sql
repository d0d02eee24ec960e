-- Commands that were put here by SQL, for any live coordinator to decide: a cancel for each live job whose row of `jobs` was
-- deleted or set to cancelled. The command's id in the log is 'sql:' and the request's id, so that it is carried out once.
create table if not exists public.job_queue_inbox (
  queue text not null check (length(queue) between 1 and 200),
  request_id text not null check (length(request_id) between 1 and 190),
  command jsonb not null check (pg_column_size(command) <= 1048576),
  answer jsonb,
  created_at timestamptz not null default clock_timestamp(),
  answered_at timestamptz,
  primary key (queue, request_id)
);

-- What has not been decided yet, the oldest first:
-- SELECT request_id, command FROM job_queue_inbox WHERE queue = 'default' AND answered_at IS NULL ORDER BY created_at LIMIT 100;
create index if not exists job_queue_inbox_open_idx on public.job_queue_inbox (queue, created_at)
  where answered_at is null;

-- Answers of more than a day ago, to be deleted:
-- SELECT request_id FROM job_queue_inbox WHERE queue = 'default' AND answered_at < now() - interval '1 day';
create index if not exists job_queue_inbox_answered_idx on public.job_queue_inbox (queue, answered_at)
  where answered_at is not null;
