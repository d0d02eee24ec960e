-- What the outer projection needs to follow the log.

-- Which live rows one append changed: job_queue_append adds one row per append (not per job) with the ids of every row of
-- job_queue_jobs that it wrote or deleted; job_queue_project takes them away. An event names the job it is about, but the
-- end of one job also changes why others wait, and only the append knows whom. seq: the version after that append.
create table if not exists public.job_queue_changes (
  queue text not null,
  seq bigint not null,
  job_ids text[] not null,
  primary key (queue, seq)
);

-- Rows of the user's tables that could not be written: locked, or a trigger or CHECK of the user raised (sqlstate).
-- They are tried again from next_at on, ever more rarely, and stop nobody.
create table if not exists public.job_queue_set_aside (
  queue text not null,
  target text not null check (target in ('jobs', 'workflow_executions')),
  job_id text not null,
  since timestamptz not null default clock_timestamp(),
  next_at timestamptz not null default clock_timestamp(),
  tries integer not null default 1,
  sqlstate text not null,
  primary key (queue, target, job_id)
);
