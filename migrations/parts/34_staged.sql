-- Payloads, results and errors on their way: large ones go ahead of the append that they belong to (job_queue_stage), which takes
-- them over (job_queue_put_staged). By command, so that nothing that is kept of a job changes before its events are in the log.
-- What no append has taken over is deleted after an hour. Unlogged: what a crash empties is sent again by the process that needs it
-- (the answer `unstaged` of job_queue_append), and payloads are not written to the write-ahead log twice.
create unlogged table if not exists public.job_queue_staged (
  queue text not null check (length(queue) between 1 and 200),
  command_id text not null check (length(command_id) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  item jsonb not null check (pg_column_size(item) <= 16777216),
  staged_at timestamptz not null default clock_timestamp(),
  primary key (queue, command_id, job_id)
);
