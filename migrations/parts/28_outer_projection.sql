-- What the outer projection needs to follow the log.

-- The rows of job_queue_jobs that an append changed, besides those of the jobs that its events name: the end of one job also
-- changes what others wait for, and only the append knows which. One row per append, and usually none. job_queue_project deletes
-- them. seq: the version after that append.
create table if not exists interlock.job_queue_changes (
  queue text not null,
  seq bigint not null,
  job_ids text[] not null,
  primary key (queue, seq)
);

-- Rows of the user's tables that could not be written: they were locked, or a trigger or CHECK of the user raised (sqlstate).
-- They are tried again from next_at on, at growing intervals. They do not stop other rows.
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

-- Rows of `jobs` for which another job stands, since that one had their key, until both have ended: each follows the job stands_for in
-- the life that this one had then. job_queue_append writes them; they are deleted once the row says how it ended, and when it is
-- cancelled or deleted by hand. since: not before the event that says so.
create table if not exists interlock.job_queue_doubles (
  queue text not null,
  job_id text not null,
  stands_for text not null,
  since timestamptz not null,
  primary key (queue, job_id)
);

-- The rows that follow a job: SELECT job_id FROM job_queue_doubles WHERE queue = 'default' AND stands_for = '…';
create index if not exists job_queue_doubles_stands_for_idx on interlock.job_queue_doubles (queue, stands_for);
