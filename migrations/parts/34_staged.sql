-- Large payloads, results and errors are sent ahead of their append (job_queue_stage), which takes them over
-- (job_queue_put_staged). They are stored by command, so that the data of a job does not change before its events are in the log.
-- If no append takes them over, they are deleted after an hour. Unlogged: payloads are not written to the write-ahead log twice,
-- and after a crash the process that needs the data sends it again (the answer `unstaged` of job_queue_append).
create unlogged table if not exists interlock.job_queue_staged (
  queue text not null check (length(queue) between 1 and 200),
  command_id text not null check (length(command_id) between 1 and 200),
  job_id text not null check (length(job_id) between 1 and 200),
  item jsonb not null check (pg_column_size(item) <= 16777216),
  staged_at timestamptz not null default clock_timestamp(),
  primary key (queue, command_id, job_id)
);
