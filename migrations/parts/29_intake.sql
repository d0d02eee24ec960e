-- Rows of the user's `jobs` that were inserted as pending since the migration, in the order of their arrival. The trigger
-- job_queue_intake writes one row here for each; the process that takes it in, or finds nothing to take in, deletes it. So
-- "inserted after activation" needs no scan and no column of the user.
-- queue: the queue that has claimed it, so that two queues never take in one row, until that queue has no process left
-- (job_queue_given_up). claimed_until: other processes of the same queue leave it alone until then.
create table if not exists public.job_queue_arrivals (
  id bigint generated always as identity primary key,
  queue text,
  claimed_until timestamptz,
  arrived_at timestamptz not null default clock_timestamp(),
  job_id text
);

-- Whether a job that is about to be put in line still has a row (job_queue_append), and the arrival of a deleted row:
-- SELECT id FROM job_queue_arrivals WHERE job_id = '…';
create index if not exists job_queue_arrivals_job_idx on public.job_queue_arrivals (job_id);

-- Rows that arrived and cannot become jobs (the id is missing or out of bounds, the models are not names), and why. They are not
-- looked at again: SELECT * FROM job_queue_not_taken_in ORDER BY id DESC;
create table if not exists public.job_queue_not_taken_in (
  id bigint primary key,
  queue text not null,
  job_id text,
  reason text not null,
  arrived_at timestamptz not null,
  refused_at timestamptz not null default clock_timestamp()
);

-- Rows of the user's tables that anon or authenticated have written, while they belong to no job. Such a row counts only for a
-- job that is made from it (intake) or that a server links it to (job_queue_link), never for a job that happens to have its id.
-- Written when such a row is inserted or gets another id. Deleted with the row, or once its queued_at, which browsers cannot
-- write, says which job it belongs to. Rows that a server writes are not here. Not a projection: the log has nothing of it.
-- late: a log already had a job made from a row with this id, or another row has the same id. The row belongs to no job until a
-- server links it.
create table if not exists public.job_queue_unlinked (
  target text not null check (target in ('jobs', 'workflow_executions')),
  job_id text not null,
  late boolean not null,
  since timestamptz not null default clock_timestamp(),
  primary key (target, job_id)
);

-- Settings for the user's tables. key 'columns': {"jobs": {"status": "…", …}, …}: the user's names for columns, where they differ. Only
-- the migration writes it, since triggers and indexes depend on it. key 'statuses': {"pending": "…", "running": "…", …}: the user's words
-- for the states of a job, where they differ; "enqueued": true writes them also for jobs that were not taken in from a row.
create table if not exists public.job_queue_settings (
  key text primary key check (key in ('statuses', 'columns')),
  value jsonb not null check (jsonb_typeof(value) = 'object'),
  updated_at timestamptz not null default clock_timestamp()
);

-- When Realtime was last told of arrivals, in milliseconds since 1970 (job_queue_wake_intake).
create sequence if not exists public.job_queue_intake_woken as bigint minvalue 0 start 0;
